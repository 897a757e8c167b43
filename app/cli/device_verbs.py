"""`hub devices` with the verbs and groups that have modules of their own."""

from app.cli.addresses import addresses
from app.cli.commands import command, commands
from app.cli.control import control
from app.cli.credentials import credential
from app.cli.devices import devices
from app.cli.diagnose import diagnose
from app.cli.passwords import passwords
from app.cli.provisioning import key
from app.cli.subscriptions import accept, gaps_of_device, pending
from app.cli.tail import tail

devices.verb()(diagnose)
devices.verb()(tail)
devices.verb()(pending)
devices.verb()(accept)
devices.verb("gaps")(gaps_of_device)
devices.verb()(command)
devices.verb()(commands)
devices.add_typer(addresses, name="addresses")
devices.add_typer(control, name="control")
devices.add_typer(passwords, name="passwords")
devices.add_typer(credential, name="credential")
devices.add_typer(key, name="key")
