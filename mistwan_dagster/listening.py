"""Addresses that servers listen on: whether only this machine reaches one, and whether a port is free."""

from __future__ import annotations

import socket
from ipaddress import ip_address

from mistwan_dagster.errors import UserError


def is_loopback(host: str) -> bool:
    """Whether only programs of this machine reach the address."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def check_port(host: str, port: int) -> None:
    """Raises UserError when the port cannot be taken."""
    listening(host, port).close()


def listening(host: str, port: int) -> socket.socket:
    """A socket that listens, for a server that is about to serve on it. Raises UserError when the port is taken."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return socket.create_server(address[:2], family=family)
    except OSError as error:
        raise UserError(
            f"cannot listen on {host} port {port} ({error.strerror}): stop what uses it, or choose another --port"
        ) from None
