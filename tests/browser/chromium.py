"""Chromium without a screen, driven over its DevTools protocol by Python's standard library alone.

    with Chromium() as browser:
        page = browser.open(path, width=1280, height=800, dark=True)
        page.press("n")
        assert page.evaluate("document.activeElement.textContent") == "..."
        page.screenshot("page.png")

Messages are JSON that ends in a zero byte, over two pipes that the browser has as file descriptors
3 and 4 (--remote-debugging-pipe): no port, no WebSocket.
"""
import base64
import json
import os
import pathlib
import select
import shutil
import subprocess
import tempfile
import time

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome-headless-shell")
# What `press` needs to know of keys that are no single character: (code, key code, text).
NAMED_KEYS = {
    "Tab": ("Tab", 9, ""), "Enter": ("Enter", 13, "\r"), "Escape": ("Escape", 27, ""),
    " ": ("Space", 32, " "), "End": ("End", 35, ""), "Home": ("Home", 36, ""),
    "ArrowLeft": ("ArrowLeft", 37, ""), "ArrowUp": ("ArrowUp", 38, ""),
    "ArrowRight": ("ArrowRight", 39, ""), "ArrowDown": ("ArrowDown", 40, ""),
}
MODIFIERS = {"Alt": 1, "Control": 2, "Meta": 4, "Shift": 8}


def find():
    """The path of a browser, or None."""
    return next(filter(None, map(shutil.which, NAMES)), None)


class Failed(Exception):
    """The page or the browser did not do what it was asked to."""


class Chromium:
    def __init__(self, seconds=60):
        self.seconds = seconds  # for one answer, on a machine that does other things as well
        self.number = 0
        self.events = []
        self.buffer = b""

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        to_browser, self.write_end = os.pipe()
        self.read_end, from_browser = os.pipe()

        def wire():  # in the child: first out of the way of 3 and 4, then onto them
            ends = os.dup2(to_browser, 103), os.dup2(from_browser, 104)
            os.dup2(ends[0], 3)
            os.dup2(ends[1], 4)

        self.process = subprocess.Popen(
            [find(), "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
             "--no-first-run", "--disable-extensions", "--disable-background-networking",
             "--disable-component-update", "--hide-scrollbars", "--force-color-profile=srgb",
             "--remote-debugging-pipe", f"--user-data-dir={self.folder.name}", "about:blank"],
            preexec_fn=wire, close_fds=False, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(to_browser)
        os.close(from_browser)
        return self

    def __exit__(self, *_):
        try:
            self.call("Browser.close")
            self.process.wait(10)
        except (Failed, OSError, subprocess.TimeoutExpired):
            self.process.kill()
            self.process.wait()
        os.close(self.write_end)
        os.close(self.read_end)
        self.folder.cleanup()

    def call(self, method, session=None, **parameters):
        """Sends a command and gives its result; what happens meanwhile goes to self.events."""
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self.write_end, data):]
        deadline = time.monotonic() + self.seconds
        while True:
            answer = self._receive(deadline, method)
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise Failed(f"{method}: {answer['error'].get('message')}")
                return answer["result"]
            self.events.append(answer)

    def _receive(self, deadline, method):
        while b"\0" not in self.buffer:
            if not select.select([self.read_end], [], [], max(deadline - time.monotonic(), 0))[0]:
                raise Failed(f"{method}: no answer within {self.seconds} s")
            piece = os.read(self.read_end, 1 << 20)
            if not piece:
                raise Failed(f"{method}: the browser has ended")
            self.buffer += piece
        message, self.buffer = self.buffer.split(b"\0", 1)
        return json.loads(message)

    def open(self, path, **view):
        return Page(self, pathlib.Path(path).resolve().as_uri(), **view)


class Page:
    """One tab. `view`: width, height, dark, reduced_motion, media ("print"), touch."""

    def __init__(self, browser, url, width=1280, height=800, **view):
        self.browser = browser
        self.url = url
        target = browser.call("Target.createTarget", url="about:blank")["targetId"]
        self.target = target
        self.session = browser.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Runtime", "Log", "Accessibility"):
            self.call(f"{domain}.enable")
        self.view(width, height, **view)
        self.call("Page.navigate", url=url)
        self.wait(f"location.href === {json.dumps(url)} && document.readyState === 'complete'")

    def call(self, method, **parameters):
        return self.browser.call(method, self.session, **parameters)

    def view(self, width, height, dark=False, reduced_motion=False, media="", touch=False):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height,
                  deviceScaleFactor=1, mobile=touch)
        self.call("Emulation.setEmulatedMedia", media=media, features=[
            {"name": "prefers-color-scheme", "value": "dark" if dark else "light"},
            {"name": "prefers-reduced-motion", "value": "reduce" if reduced_motion else "no-preference"}])

    def close(self):
        self.browser.call("Target.closeTarget", targetId=self.target)

    def evaluate(self, expression):
        """The value of a JavaScript expression, which must be JSON."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True,
                           awaitPromise=True)
        if "exceptionDetails" in answer:
            details = answer["exceptionDetails"]
            raise Failed(f"{expression}: {details.get('exception', {}).get('description', details)}")
        return answer["result"].get("value")

    def wait(self, expression):
        """Asks until the expression is true; the browser does its work in between."""
        deadline = time.monotonic() + self.browser.seconds
        while not self.evaluate(expression):
            if time.monotonic() > deadline:
                raise Failed(f"never true: {expression}")

    def press(self, key, *modifiers):
        """A key down and up: a character or a name of NAMED_KEYS; "Shift" is told, not guessed."""
        code, number, text = NAMED_KEYS.get(key, ("", ord(key[0].upper()), key))
        bits = sum(MODIFIERS[name] for name in modifiers)
        common = {"key": key, "code": code, "windowsVirtualKeyCode": number, "modifiers": bits}
        self.call("Input.dispatchKeyEvent", type="keyDown" if text else "rawKeyDown", text=text, **common)
        self.call("Input.dispatchKeyEvent", type="keyUp", **common)

    def type(self, text):
        for character in text:
            self.press(character)

    def middle_of(self, selector):
        return self.evaluate(
            f"(() => {{ const r = document.querySelector({json.dumps(selector)}).getBoundingClientRect();"
            " return [r.x + r.width / 2, r.y + r.height / 2]; })()")

    def point(self, x, y):
        self.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)

    def click(self, selector):
        self.evaluate(f"document.querySelector({json.dumps(selector)}).scrollIntoView({{block: 'nearest'}})")
        x, y = self.middle_of(selector)
        self.point(x, y)
        for what in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=what, x=x, y=y, button="left", clickCount=1)

    def screenshot(self, path, whole=False):
        data = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)["data"]
        pathlib.Path(path).write_bytes(base64.b64decode(data))

    def _events(self, method):
        return [event["params"] for event in self.browser.events
                if event.get("sessionId") == self.session and event["method"] == method]

    def requests(self):
        """Addresses that the page asked for beside itself."""
        self.evaluate("1")  # whatever was under way before has been reported by now
        return [event["request"]["url"] for event in self._events("Network.requestWillBeSent")
                if event["request"]["url"] != self.url]

    def complaints(self):
        """Errors and warnings of the console, uncaught exceptions, violations of its policy."""
        self.evaluate("1")
        logged = [event["entry"]["text"] for event in self._events("Log.entryAdded")
                  if event["entry"]["level"] in ("error", "warning")]
        thrown = [str(event["exceptionDetails"].get("exception", {}).get("description"))
                  for event in self._events("Runtime.exceptionThrown")]
        return logged + thrown
