"""LocalSlurm: a Slurm cluster of several nodes on the loopback of this machine, for tests and trials.

munged, slurmctld and one slurmd for each node run in the foreground as children, with keys, ports, sockets and
state of their own in a directory of their own: an installed cluster is not touched. Needs no systemd and no
cgroups; runs as whoever starts it.
"""
import ctypes
import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "scancel", "sinfo", "scontrol")
PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h
START_SECONDS = 60
STOP_SECONDS = 15
# How soon a node that does not answer is given up, and how long a requeued task waits at least.
NODE_TIMEOUT_SECONDS = 10
REQUEUE_SECONDS = 5


class SlurmError(Exception):
    pass


def where(program):
    # Daemons are in directories that users do not have in their path.
    return shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin:/sbin")


def missing_programs(programs=PROGRAMS):
    return [name for name in programs if where(name) is None]


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()


def parents():
    """The parent of every process that lives."""
    found = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                # The name, in parentheses, may have anything in it.
                fields = pathlib.Path("/proc", entry, "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue  # it has just ended
            if fields[0] != "Z":
                found[int(entry)] = int(fields[1])
    return found


def dead_children(name):
    """Processes of this name that have ended, and of which nobody but us can ask how."""
    found = set()
    for entry in os.listdir("/proc"):
        try:
            text = pathlib.Path("/proc", entry, "stat").read_text() if entry.isdigit() else ""
        except OSError:
            continue
        fields = text.rpartition(")")[2].split()
        if f"({name})" in text and fields[0] == "Z" and int(fields[1]) == os.getpid():
            found.add(int(entry))
    return found


def descendants(ancestor):
    of = parents()
    found, new = set(), {ancestor}
    while new:
        new = {child for child, parent in of.items() if parent in new} - found
        found |= new
    return found


def variable_of(process, name):
    """A variable of its environment, or None."""
    try:
        words = pathlib.Path("/proc", str(process), "environ").read_bytes().split(b"\0")
    except OSError:
        return None
    for word in words:
        key, _, value = word.decode(errors="replace").partition("=")
        if key == name:
            return value
    return None


def kill(process, how):
    try:
        os.kill(process, how)
    except ProcessLookupError:
        pass


class LocalSlurm:
    def __init__(self, nodes=3, cpus=1):
        self.nodes = [f"vn{number}" for number in range(1, nodes + 1)]
        self.cpus = cpus
        self.daemons = {}    # name -> its process
        self.killed = set()  # what has no parent any more but us
        self.directory = None

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_):
        self.stop()

    @property
    def environment(self):
        return os.environ | {"SLURM_CONF": str(self.directory / "slurm.conf")}

    def start(self):
        absent = missing_programs()
        if absent:
            raise SlurmError(f"not installed: {', '.join(absent)} (scripts/setup --slurm)")
        # What our daemons start, and leave behind, becomes a child of ours: so we can find and end it.
        if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
            raise SlurmError("this system cannot give us the processes of those who died (prctl)")
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="slurm-"))  # short: sockets have short names
        (self.directory / "log").mkdir()
        (self.directory / "state").mkdir()
        self.write_conf()
        self.start_munged()
        self.daemon("slurmctld", "slurmctld", "-D", "-c", "-f", self.directory / "slurm.conf")
        for node in self.nodes:
            self.daemon(node, "slurmd", "-D", "-f", self.directory / "slurm.conf", "-N", node)
        self.wait_for("all nodes to be idle", lambda: self.idle_nodes() == set(self.nodes))

    def write_conf(self):
        control, *ports = free_ports(1 + len(self.nodes))
        host = socket.gethostname().partition(".")[0]
        user = pwd.getpwuid(os.geteuid()).pw_name
        lines = [
            "ClusterName=ledger", f"SlurmctldHost={host}(127.0.0.1)", f"SlurmctldPort={control}",
            f"SlurmUser={user}", f"SlurmdUser={user}", "AuthType=auth/munge",
            f"AuthInfo=socket={self.directory}/munge.socket,cred_expire={REQUEUE_SECONDS}",
            "MpiDefault=none", "ProctrackType=proctrack/linuxproc", "TaskPlugin=task/none",
            "SwitchType=switch/none", "ReturnToService=2", "SlurmdParameters=config_overrides",
            f"SlurmdTimeout={NODE_TIMEOUT_SECONDS}", "KillWait=2", "JobRequeue=1",
            f"SlurmctldPidFile={self.directory}/slurmctld.pid",
            f"SlurmdPidFile={self.directory}/slurmd.%n.pid",
            f"SlurmdSpoolDir={self.directory}/spool.%n", f"StateSaveLocation={self.directory}/state",
            f"SlurmctldLogFile={self.directory}/log/slurmctld.log",
            f"SlurmdLogFile={self.directory}/log/%n.log", "SchedulerType=sched/builtin",
            "SchedulerParameters=batch_sched_delay=0,sched_interval=1,sched_min_interval=1000,"
            "default_queue_depth=1000",
            "SelectType=select/cons_tres", "SelectTypeParameters=CR_Core",
            "AccountingStorageType=accounting_storage/none", "JobCompType=jobcomp/none",
            "JobAcctGatherType=jobacct_gather/none", "MaxArraySize=20001", "MaxJobCount=50000",
        ]
        lines += [f"NodeName={node} NodeHostname={host} NodeAddr=127.0.0.1 Port={port} CPUs={self.cpus} "
                  "RealMemory=1000 State=UNKNOWN" for node, port in zip(self.nodes, ports)]
        lines.append("PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP")
        (self.directory / "slurm.conf").write_text("\n".join(lines) + "\n")

    def start_munged(self):
        key = self.directory / "munge.key"
        key.write_bytes(os.urandom(1024))
        key.chmod(0o600)
        socket_file = self.directory / "munge.socket"
        self.daemon("munged", "munged", "--foreground", "--force", f"--key-file={key}",
                    f"--socket={socket_file}", f"--pid-file={self.directory}/munged.pid",
                    f"--log-file={self.directory}/log/munged.log",
                    f"--seed-file={self.directory}/munged.seed")
        self.wait_for("munged", socket_file.exists)

    def daemon(self, name, program, *words):
        with open(self.directory / "log" / f"{name}.out", "wb") as out:
            self.daemons[name] = subprocess.Popen(
                [where(program), *words], stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                env=self.environment, start_new_session=True)

    def wait_for(self, what, condition):
        deadline = time.monotonic() + START_SECONDS
        while not condition():
            for name, process in self.daemons.items():
                if process.poll() is not None:
                    raise SlurmError(f"{name} ended with {process.returncode}: {self.last_words(name)}")
            if time.monotonic() > deadline:
                raise SlurmError(f"waited {START_SECONDS} s for {what}: {self.last_words('slurmctld')}")
            time.sleep(0.1)

    def last_words(self, name):
        words = [file.read_text(errors="replace").splitlines()[-3:]
                 for file in sorted((self.directory / "log").glob(f"{name}.*"))]
        return " | ".join(line for lines in words for line in lines) or "it said nothing"

    def ask(self, program, *words):
        return subprocess.run([where(program), *words], env=self.environment, capture_output=True,
                              text=True, timeout=60)

    def idle_nodes(self):
        done = self.ask("sinfo", "--noheader", "--Node", "--states=idle", "--format=%N")
        return set(done.stdout.split()) if done.returncode == 0 else set()

    def processes_of(self, node):
        """What the node runs, with those who started it, but not its slurmd."""
        ours = descendants(os.getpid()) - {process.pid for process in self.daemons.values()}
        jobs = {process for process in ours if variable_of(process, "SLURMD_NODENAME") == node}
        steps = {parent for process, parent in parents().items() if process in jobs}
        return (jobs | steps) & ours

    def kill_node(self, node):
        """As if its power failed: its slurmd first, so that nobody hears of the end of the rest."""
        kill(self.daemons[node].pid, signal.SIGKILL)
        self.daemons.pop(node).wait()
        for process in sorted(self.processes_of(node)):
            self.killed.add(process)
            kill(process, signal.SIGKILL)

    def stop(self):
        """Jobs, daemons, and whatever they have left; by process id."""
        if self.directory is None:
            return
        if "slurmctld" in self.daemons and self.daemons["slurmctld"].poll() is None:
            self.ask("scancel", "--quiet", "--full", f"--user={pwd.getpwuid(os.geteuid()).pw_name}")
            deadline = time.monotonic() + STOP_SECONDS
            while time.monotonic() < deadline and self.ask("squeue", "--noheader").stdout.strip():
                time.sleep(0.2)
        # Nodes before who gives them work, and that before who vouches for all of them.
        order = [*(name for name in self.nodes if name in self.daemons), "slurmctld", "munged"]
        ours = self.left_behind()
        for name in order:
            if name in self.daemons:
                self.end(self.daemons.pop(name))
        for process in ours | self.left_behind():
            self.killed.add(process)
            kill(process, signal.SIGKILL)
        for process in self.killed | dead_children("slurmstepd"):
            self.bury(process)
        shutil.rmtree(self.directory, ignore_errors=True)
        self.directory = None

    def left_behind(self):
        """Descendants that belong to this cluster, daemons not counted."""
        conf = str(self.directory / "slurm.conf")
        daemons = {process.pid for process in self.daemons.values()}
        return {process for process in descendants(os.getpid()) - daemons
                if variable_of(process, "SLURM_CONF") == conf}

    @staticmethod
    def end(process):
        kill(process.pid, signal.SIGTERM)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            kill(process.pid, signal.SIGKILL)
            process.wait()

    @staticmethod
    def bury(process):
        try:
            os.waitpid(process, 0)
        except ChildProcessError:
            pass  # it is no child of ours: who is has done it
