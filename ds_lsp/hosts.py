"""The names of machines."""


def is_loopback(host: str) -> bool:
    """Return whether *host* is this machine, judged by its name alone."""
    # Imported here, because the import takes longer than all else in this module.
    import ipaddress

    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"
