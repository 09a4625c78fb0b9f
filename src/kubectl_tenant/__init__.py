"""The command ``kubectl tenant``: tenants as people look at them and ask things of them."""
