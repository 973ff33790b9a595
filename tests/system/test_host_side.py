#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""pvctl's host side against a fake QEMU: starting, stopping, streams, signals, errors."""
import hashlib, os, signal, subprocess, time
from harness import Machine, Skip, expect, expect_run, main, wait_until


def fake(**environment):
    return Machine(fake=True, **environment)


def is_alive(pid):
    try:
        os.kill(int(pid), 0)
        return True
    except ProcessLookupError:
        return False


def test_the_first_command_starts_the_machine():
    with fake() as machine:
        expect_run(machine.run("xenstore", "echo", "a", "b"), 0, stdout="a b\n")
        expect(machine.status()["machine"] == "up", "status")


def test_output_and_exit_status_pass_through():
    with fake() as machine:
        expect_run(machine.run("xenstore", "exit", "7"), 7)
        expect_run(machine.run("xenstore", "nonsense"), 2, stderr="unknown word")
        result = machine.run("xenstore", "flood", "3000000")
        expect(hashlib.md5(result.stdout.encode()).hexdigest() ==
               hashlib.md5((b"0123456789abcde\n" * 187501)[:3000000]).hexdigest(), "3 MB arrive whole")


def test_input_passes_through_and_ends():
    with fake() as machine:
        text = "".join(f"line {i}\n" for i in range(50000))
        expect_run(machine.run("xenstore", "cat", input=text), 0)
        expect(machine.run("xenstore", "cat", input=text).stdout == text, "what went in comes out")


def test_a_command_that_does_not_read_leaves_the_input_alone():
    with fake() as machine:
        machine.run("up")
        script = f"'{machine.command()[0]}' xenstore echo first; cat"
        result = subprocess.run(["sh", "-c", script], input="untouched\n", capture_output=True,
                                text=True, env=machine.environment, cwd=machine.work, timeout=20)
        expect(result.stdout == "first\nuntouched\n", "stdin", result.stdout)


def test_a_stopped_reader_stops_nobody_else():
    with fake() as machine:
        machine.run("up")
        stuck = machine.start("xenstore", "flood", "5000000")
        time.sleep(0.3)
        begin = time.monotonic()
        expect_run(machine.run("xenstore", "echo", "free"), 0, stdout="free")
        expect(time.monotonic() - begin < 2, "another command is not held up")
        output, _ = stuck.communicate(timeout=20)
        expect(len(output) == 5000000, "and the first one gets everything", len(output))


def test_a_closed_pipe_ends_the_command():
    with fake() as machine:
        machine.run("up")
        result = subprocess.run(["sh", "-c", f"'{machine.command()[0]}' xenstore flood 9000000 | head -c 5"],
                                capture_output=True, env=machine.environment, cwd=machine.work,
                                timeout=20)
        expect(result.stdout == b"01234", "head got its five bytes", result.stdout)
        wait_until(lambda: machine.run("xenstore", "sessions").stdout == "1\n", 5, "only `sessions` itself runs")


def test_interrupt_reaches_the_command_only():
    with fake() as machine:
        machine.run("up")
        sleeper = machine.start("xenstore", "sleep", "60")
        time.sleep(0.3)
        sleeper.send_signal(signal.SIGINT)
        expect(sleeper.wait(5) == 130, "status of an interrupted command")
        expect_run(machine.run("xenstore", "echo", "still"), 0, stdout="still")


def test_a_killed_client_leaves_no_session():
    with fake() as machine:
        machine.run("up")
        sleeper = machine.start("xenstore", "sleep", "60")
        time.sleep(0.3)
        sleeper.kill()
        sleeper.wait()
        wait_until(lambda: machine.run("xenstore", "sessions").stdout == "1\n", 5, "only `sessions` itself runs")


def test_of_racing_ups_one_starts_the_machine():
    with fake(FAKE_QEMU="slow-start") as machine:
        racers = [machine.start("up") for _ in range(6)]
        said = [racer.communicate(timeout=30)[1] for racer in racers]
        expect(all(racer.returncode == 0 for racer in racers), "all succeed", said)
        expect(sum("already" not in text for text in said) == 1, "one of them started it", said)


def test_a_second_up_says_so_and_other_wishes_are_refused():
    with fake() as machine:
        expect_run(machine.run("up"), 0, stderr="the machine is up")
        expect_run(machine.run("up"), 0, stderr="already up")
        expect_run(machine.run("up", "--memory", "1024"), 6, stderr=["512 MiB, not 1024", "pvctl down"])
        expect_run(machine.run("up", "--share", "/usr"), 6, stderr="not /usr")


def test_down_leaves_nothing_and_works_twice():
    with fake() as machine:
        machine.run("up")
        pids = machine.status()
        expect_run(machine.run("down"), 0, stderr="the machine is down")
        expect(not is_alive(pids["qemu_pid"]), "QEMU has ended")
        expect(not list(machine.state("").glob("*.sock")), "no socket is left")
        expect_run(machine.run("down"), 0, stderr="down already")
        expect_run(machine.run("status"), 1, stdout="down")
        expect_run(machine.run("up"), 0)


def test_a_missing_qemu_is_named():
    with fake() as machine:
        expect_run(machine.run("list", XENLIKE_QEMU="/nonexistent/qemu"), 5,
                   stderr=["/nonexistent/qemu was not found", "make setup"])


def test_a_missing_image_is_named():
    with fake() as machine:
        (machine.root / "images/dom0.elf").unlink()
        expect_run(machine.run("list"), 5, stderr=["dom0.elf", "make"])


def test_a_stale_socket_does_not_matter():
    with fake() as machine:
        machine.run("up")
        supervisor = int(machine.status()["supervisor_pid"])
        qemu = machine.status()["qemu_pid"]
        os.kill(supervisor, signal.SIGKILL)
        wait_until(lambda: machine.run("status").returncode == 1, 5, "the supervisor is gone")
        expect(machine.state("pvctl.sock").exists(), "its socket is left")
        expect_run(machine.run("xenstore", "echo", "again"), 0, stdout="again")
        wait_until(lambda: not is_alive(qemu), 5, "the orphaned QEMU was ended")


def test_a_machine_that_dies_is_explained():
    with fake() as machine:
        machine.run("up")
        expect_run(machine.run("xenstore", "die"), 1, stderr=["the machine stopped", "pvctl up"])
        expect_run(machine.run("xenstore", "echo", "again"), 0, stdout="again")


def test_who_starts_a_machine_after_one_that_died_is_told_so_once():
    with fake() as machine:
        machine.run("up")
        os.kill(int(machine.status()["qemu_pid"]), signal.SIGKILL)
        wait_until(lambda: machine.run("status").returncode == 1, 5, "the machine is gone")
        expect_run(machine.run("xenstore", "echo", "1"), 0, stdout="1", stderr="ended unasked")
        second = machine.run("xenstore", "echo", "2")
        expect("ended unasked" not in second.stderr, "it is told once")


def test_a_machine_that_does_not_start_is_explained():
    with fake(FAKE_QEMU="early-exit") as machine:
        expect_run(machine.run("list"), 1, stderr=["stopped before dom0 answered",
                                                   "this machine does not start"])


def test_a_dom0_that_stays_silent_times_out():
    with fake(FAKE_QEMU="mute", XENLIKE_BOOT_TIMEOUT="1") as machine:
        expect_run(machine.run("list"), 7, stderr="did not answer within 1 s")
        expect_run(machine.run("status"), 1, stdout="down")


def test_another_protocol_version_is_refused():
    with fake(FAKE_QEMU="version") as machine:
        expect_run(machine.run("list"), 1, stderr="another version")


def test_kvm_that_does_not_work_falls_back():
    with fake(FAKE_QEMU="no-kvm", XENLIKE_ACCEL="auto") as machine:
        expect_run(machine.run("up"), 0, stderr="tcg")


def test_kvm_that_says_nothing_is_given_up_once():
    with fake(FAKE_QEMU="mute-kvm", XENLIKE_ACCEL="auto") as machine:
        if not os.access("/dev/kvm", os.R_OK | os.W_OK):
            raise Skip("there is no /dev/kvm to be tried")
        begin = time.monotonic()
        expect_run(machine.run("up"), 0, stderr="tcg")
        expect(time.monotonic() - begin < 1.9, "the trial is short")
        machine.run("down")
        begin = time.monotonic()
        expect_run(machine.run("up"), 0, stderr="tcg")
        expect(time.monotonic() - begin < 0.5, "and is not repeated")


def test_a_restarted_dom0_ends_its_commands():
    with fake() as machine:
        machine.run("up")
        expect_run(machine.run("xenstore", "restart"), 1, stderr="dom0 was restarted")
        expect_run(machine.run("xenstore", "echo", "again"), 0, stdout="again")


def test_the_share_is_home_or_the_current_directory():
    with fake() as machine:
        machine.run("up")
        expect(machine.status()["share"] == str(machine.work), "outside of home: the directory")
        machine.run("down")
        inside = machine.root / "home/deep"
        inside.mkdir()
        machine.run("up", cwd=inside)
        expect(machine.status()["share"] == str(machine.root / "home"), "inside: home")


def test_a_deep_state_directory_works():
    with fake() as machine:
        deep = machine.root / "/".join(["a-directory-with-a-long-name"] * 8)
        expect_run(machine.run("xenstore", "echo", "deep", XENLIKE_STATE=str(deep)), 0, stdout="deep")
        expect_run(machine.run("down", XENLIKE_STATE=str(deep)), 0)


def test_raw_mode_is_undone():
    try:
        import pexpect
    except ImportError:
        raise Skip("python3-pexpect is not installed")
    with fake() as machine:
        machine.run("up")
        shell = pexpect.spawn("/bin/sh", env=dict(machine.environment, PS1="ready> "),
                              cwd=str(machine.work), encoding="utf-8", timeout=10)
        shell.expect("ready> ")
        shell.sendline(f"'{machine.command()[0]}' xenstore raw; stty -a | tr ' ;' '\\n\\n' | grep -x -e icanon -e -icanon")
        shell.expect("icanon\r\n")
        time.sleep(0.5)
        shell.send("x\x03y")
        shell.expect("x\x03y")
        shell.send("\x1d")
        shell.expect("(-?icanon)\r\n")
        expect(shell.match.group(1) == "icanon", "the terminal is cooked again")
        shell.close(force=True)


def test_usage_errors_have_status_2():
    with fake() as machine:
        expect_run(machine.run("lits"), 2, stderr="did you mean `list'")
        expect_run(machine.run("up", "--nonsense"), 2, stderr="--nonsense")
        expect_run(machine.run("list", "--nonsense"), 2, stderr="--nonsense")
        expect_run(machine.run("destroy"), 2)
        expect_run(machine.run("status"), 1, stdout="down")
        expect_run(machine.run("up", "--memory", "lots"), 2, stderr="lots")
        expect_run(machine.run("down", "now"), 2)


def test_help_check_and_completion_need_no_machine():
    with fake(XENLIKE_QEMU="/nonexistent") as machine:
        (machine.work / "good.cfg").write_text('name = "a"\nkernel = "k"\nmemory = 16\n')
        (machine.work / "bad.cfg").write_text('name = "a"\nkernel = "k"\nmemroy = 16\n')
        expect_run(machine.run("help"), 0, stdout=["create", "up", "status"])
        expect_run(machine.run("help", "create"), 0, stdout="--paused")
        expect_run(machine.run(), 0, stdout="create")
        expect_run(machine.run("check", "bad.cfg"), 4, stderr=["bad.cfg:3:1", "memory"])
        expect_run(machine.run("create", "bad.cfg"), 4, stderr="bad.cfg:3:1")
        expect_run(machine.run("create", "none.cfg"), 4, stderr="none.cfg")
        expect_run(machine.run("explain"), 0, stdout="PV-E")
        expect_run(machine.run("completion", "bash"), 0, stdout="complete")
        expect_run(machine.run("status"), 1)
        script = machine.run("completion", "bash").stdout
        tried = subprocess.run(["bash", "-c", script + """
            COMP_WORDS=(pvctl des); COMP_CWORD=1; _pvctl; echo "${COMPREPLY[*]}"
            COMP_WORDS=(pvctl create --p); COMP_CWORD=2; _pvctl; echo "${COMPREPLY[*]}"
            """], capture_output=True, text=True, cwd=machine.work)
        expect(tried.stdout == "destroy\n--paused\n", "bash completes", tried.stdout, tried.stderr)


def test_files_are_named_relative_to_the_share():
    with fake() as machine:
        home = machine.root / "home"
        guests = home / "guests"
        guests.mkdir()
        (guests / "a.cfg").write_text(
            'name = "a"\nkernel = "kernel.elf"\nramdisk = "../link"\n'
            'disk = [ "vdev=xvda,target=disk.img" ]\n')
        for name in ("kernel.elf", "disk.img", "real"):
            (guests / name).touch()
        (home / "link").symlink_to("guests/real")
        result = machine.run("create", "a.cfg", cwd=guests)
        expect_run(result, 0, stdout=[f"directory {guests} guests", "0 a.cfg guests/a.cfg",
                                      "0 kernel.elf guests/kernel.elf", "0 ../link guests/real",
                                      "1 disk.img guests/disk.img"])
        (guests / "kernel.elf").unlink()
        expect_run(machine.run("create", "a.cfg", cwd=guests), 0,
                   stdout="2 kernel.elf guests/kernel.elf")


def test_a_file_outside_of_the_share_is_refused_by_name():
    with fake() as machine:
        home = machine.root / "home"
        (home / "b.cfg").write_text('name = "a"\nkernel = "/etc/hostname"\n')
        result = machine.run("create", "b.cfg", cwd=home)
        expect_run(result, 4, stderr=["/etc/hostname lies outside", "pvctl up --share"])


main("host side", [function for name, function in list(globals().items()) if name.startswith("test_")])
