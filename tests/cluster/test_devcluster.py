"""Control planes of one machine do not get in each other's way."""

from concurrent.futures import ThreadPoolExecutor

from devcluster import kwok


def test_control_planes_that_start_at_once_have_ports_of_their_own(tmp_path):
    planes = [kwok.Cluster(tmp_path / str(number)) for number in range(3)]
    try:
        with ThreadPoolExecutor(len(planes)) as threads:
            assert list(threads.map(lambda plane: plane.up(), planes)) == [True, True, True]
        configs = {plane.kubeconfig.read_text().split("server: ")[1].split()[0] for plane in planes}
        assert len(configs) == len(planes)
        assert [plane.up() for plane in planes] == [False, False, False]
    finally:
        for plane in planes:
            plane.down()
