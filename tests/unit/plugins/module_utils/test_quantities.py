from decimal import Decimal

import pytest
from kubernetes.utils import parse_quantity

from ansible_collections.neurallog.tenant.plugins.module_utils.kube import quantities


@pytest.mark.parametrize("quantity", ["1", "100m", "1.5", "128Mi", "1Gi", "2k", "3M", "1e3", "12E", "1Ei", "0.5Gi", 7])
def test_a_quantity_is_the_number_that_the_kubernetes_library_reads(quantity):
    if quantity == "1e3":  # the library reads no exponents, the API server does
        assert quantities.parse(quantity) == Decimal(1000)
    else:
        assert quantities.parse(quantity) == parse_quantity(quantity)


@pytest.mark.parametrize("quantity", ["", "Mi", "1 Gi", "1GiB", "one", "1mi", "1e100", "1e999998"])
def test_what_is_no_quantity_is_refused(quantity):
    with pytest.raises(ValueError, match="is not a quantity"):
        quantities.parse(quantity)
