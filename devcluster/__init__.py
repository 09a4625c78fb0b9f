"""A real Kubernetes control plane on this machine, for the demo, the tests and the benchmarks.

``python -m devcluster up`` starts etcd, kube-apiserver, kube-controller-manager, kube-scheduler, and kwok, which plays
the nodes and their pods; ``down`` ends them. Garbage collection, quota, Pod Security, rollouts and volume claims behave
as in production. Everything listens on loopback.

    binaries    the programs: found, downloaded or built, and kept per version
    kwok        the control plane itself, by kwokctl
    __main__    the command line
"""
