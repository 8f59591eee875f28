"""From inside the unit's sandbox every door is tried that the daemon has no business behind."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from booted import Booted

UNIT = Path(__file__).resolve().parents[2] / "systemd" / "driver-monitor.service"
# How the service is started and watched is no part of its sandbox.
LIFE = (
    "Type", "NotifyAccess", "ExecStart", "TimeoutStartSec", "TimeoutStopSec", "WatchdogSec", "Restart", "RestartSec",
    "RestartPreventExitStatus",
)  # fmt: skip

TRIES = {
    "homes": "os.listdir('/home')",
    "a user's file": "open('/home/anna/letter')",
    "root's files": "os.listdir('/root')",
    "another program's state": "open('/var/lib/other/state')",
    "the key's file": "open('/etc/driver-monitor/outbox.key')",
    "the password's file": "open('/etc/driver-monitor/password')",
    "passwords of users": "open('/etc/shadow')",
    "another's process": "open('/proc/1/status')",
    "writing to the configuration": "open('/etc/driver-monitor/new', 'w')",
    "writing to the program": "open('/opt/driver-monitor/current/new', 'w')",
    "writing to /etc": "open('/etc/new', 'w')",
    "writing to /var/lib": "open('/var/lib/new', 'w')",
    "writing to /run": "open('/run/new', 'w')",
    "writing to /run/lock": "open('/run/lock/new', 'w')",
    "writing to /srv": "open('/srv/new', 'w')",
    "a kernel setting": "open('/proc/sys/kernel/hostname', 'w')",
    "the kernel's log": "open('/dev/kmsg-too')",
    "a device of everybody": "open('/dev/fuse-too')",
    "a packet socket": "socket.socket(socket.AF_PACKET, socket.SOCK_RAW)",
    "a netlink socket": "socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)",
    "a CAN socket": "socket.socket(socket.AF_CAN, socket.SOCK_RAW)",
    "a raw socket": "socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)",
    "another machine": "socket.create_connection(('10.9.8.7', 80), 2)",
    "a name space": "call('unshare', 0x10000000)",
    "a mount": "call('mount', b'none', b'/tmp', b'tmpfs', 0, None)",
    "root": "os.setuid(0)",
    "a capability": "call('prctl', 47, 2, 21, 0, 0)",
    "the clock": "time.clock_settime(time.CLOCK_REALTIME, 0)",
    "a lower niceness": "os.nice(-5)",
    "a real-time priority": "os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))",
    "memory to write and run": "mmap.mmap(-1, 4096, prot=7)",
    "another's memory": "call('ptrace', 16, 1, 0, 0)",
    "the kernel's programs": "call('syscall', 321, 0, 0, 0)",
    "a program of root's": "(open(state + '/su', 'w'), os.chmod(state + '/su', 0o4755))",
}
NEEDED = {
    "its state": "open(state + '/new', 'w')",
    "its runtime directory": "open('/run/driver-monitor/new', 'w')",
    "its key": "1 / (len(open(os.environ['CREDENTIALS_DIRECTORY'] + '/outbox.key', 'rb').read()) == 32)",
    "whether the clock is kept": "call('adjtimex', bytes(1024))",
    "memory without a name": "os.memfd_create('frame')",
    "what the processor can do": "open('/proc/cpuinfo')",
    "the boot's id": "open('/proc/sys/kernel/random/boot_id')",
    "this machine's own ports": "socket.create_connection(('127.0.0.1', 1883), 2)",
    "a thread": "threading.Thread(target=print).start()",
    "a child": "subprocess.run(['/bin/true'], check=True)",
}
TRYING = """
import ctypes, json, mmap, os, socket, subprocess, sys, threading, time
state = '/var/lib/driver-monitor'
library = ctypes.CDLL(None, use_errno=True)
def call(name, *arguments):
    if getattr(library, name)(*arguments) < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
told = {}
for name, attempt in json.load(open('/usr/local/tries.json')).items():
    try:
        eval(attempt)
    except Exception as error:
        told[name] = f'{type(error).__name__} {error}'
    else:
        told[name] = None
status = open('/proc/self/status').read().splitlines()
told['capabilities'] = [line for line in status if line.startswith('Cap') and line.split()[1].strip('0')]
sys.stdout.write(json.dumps(told))
"""


def _sandbox() -> str:
    """The unit's own lines as properties of a transient one."""
    unit = UNIT.read_text()
    service = unit.split("[Service]")[1].split("[Install]")[0]
    lines = [line for line in service.splitlines() if line and line[0] != "#" and line.split("=")[0] not in LIFE]
    return " ".join(f"-p {shlex.quote(line)}" for line in lines)


@pytest.fixture(scope="module")
def plain(boot: Callable[..., Booted], installed: Path) -> Iterator[Booted]:
    """A machine that several tests use in turn."""
    with boot(installed) as machine:
        yield machine


@pytest.fixture
def told(machine: Booted) -> dict[str, str | None]:
    """Why each try failed; None: it did not."""
    machine.run("mkdir -p /home/anna /var/lib/other; touch /home/anna/letter /var/lib/other/state; chmod -R a+rX /home")
    machine.run("umask 077; echo secret >/etc/driver-monitor/password")
    machine.run("mknod -m 666 /dev/kmsg-too c 1 11; mknod -m 666 /dev/fuse-too c 10 229")
    machine.run("ip address add 10.9.8.7/32 dev lo")  # of another machine, as far as the filter knows
    machine.write("/usr/local/tries.json", json.dumps(TRIES | NEEDED))
    machine.write("/usr/local/tries.py", TRYING)
    return json.loads(machine.say(f"systemd-run -q --wait --pipe {_sandbox()} python3 /usr/local/tries.py 2>/dev/null"))


def test_what_the_daemon_has_no_business_with_is_closed(told: dict[str, str | None]) -> None:
    assert [name for name in TRIES if told[name] is None] == []
    assert told["another machine"] is not None
    assert told["another machine"].startswith(
        "TimeoutError"
    )  # its packets are dropped; it is there, and nobody listens
    assert not told["capabilities"]


def test_what_the_daemon_needs_is_open(told: dict[str, str | None]) -> None:
    assert {name: told[name] for name in NEEDED if told[name] is not None} == {}


def test_no_other_machine_reaches_what_the_service_would_listen_on(machine: Booted) -> None:
    machine.run("ip address add 10.9.8.7/32 dev lo")
    listening = (
        "import socket, time; server = socket.create_server(('0.0.0.0', 8080)); server.settimeout(8); server.accept()"
    )
    machine.write("/usr/local/listening.py", listening)
    machine.run(f"systemd-run -q --unit=listening {_sandbox()} python3 /usr/local/listening.py")
    machine.run("sleep 1")
    machine.write(
        "/usr/local/calling.py",
        "import socket; socket.create_connection(('10.9.8.7', 8080), 2, ('10.9.8.7', 0))",
    )
    done = machine.run("python3 /usr/local/calling.py", check=False)
    # A systemd with BPF forbids the port itself; that of Debian 12 has none, and the address is dropped on its way in.
    assert "TimeoutError" in done.stdout or "ConnectionRefusedError" in done.stdout
    assert done.returncode != 0


def test_the_same_port_is_reached_without_the_sandbox(machine: Booted) -> None:
    """Else the test above could not fail."""
    machine.run("ip address add 10.9.8.7/32 dev lo")
    # A name of its own: a control group of the machine before, whose power was cut, may still hold its filter.
    machine.run(
        "systemd-run -q --unit=open python3 -c 'import socket; socket.create_server((\"0.0.0.0\", 8080)).accept()'"
    )
    machine.run("sleep 1")
    machine.run("python3 -c \"import socket; socket.create_connection(('10.9.8.7', 8080), 2, ('10.9.8.7', 0))\"")


@pytest.mark.parametrize(
    ("host", "allowed"), [("localhost", None), ("127.0.0.1", None), ("10.9.8.7", "10.9.8.7"), ("broker.example", "any")]
)
def test_the_network_is_open_for_the_broker_of_the_configuration_alone(
    plain: Booted, host: str, allowed: str | None
) -> None:
    plain.run(f"sed -i 's/host: [^,]*/host: {host}/' /etc/driver-monitor/config.yaml")
    plain.run("/opt/driver-monitor/current/systemd/network")
    said = plain.run("cat /etc/systemd/system/driver-monitor.service.d/network.conf", check=False)
    assert said.returncode == (1 if allowed is None else 0)
    assert allowed is None or f"IPAddressAllow={allowed}\n" in said.stdout
