"""Opens a page in headless Chromium and does what standard input says, over the DevTools protocol on a pipe: no port, no package.

Arguments: the browser, the address of the page. Standard input: a list of steps as JSON. Standard output: {"console": [...], "results": [...]}.
"""

import base64
import json
import os
import subprocess
import sys
import tempfile

# Nothing takes so long; a test fails then instead of hanging.
BOUND = 100


class Browser:
    def __init__(self, program, folder):
        ours, theirs = os.pipe()
        theirs_out, ours_in = os.pipe()

        def hand_over():
            # The browser reads from 3 and writes to 4.
            os.dup2(ours, 100)
            os.dup2(ours_in, 101)
            os.dup2(100, 3)
            os.dup2(101, 4)

        arguments = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars", "--no-first-run"]
        arguments += ["--disable-background-networking", "--disable-component-update", "--disable-sync", "--remote-debugging-pipe"]
        self.log = open(os.path.join(folder, "browser.log"), "w+b")
        self.process = subprocess.Popen(
            [program, *arguments, "--user-data-dir=" + folder, "about:blank"],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log, close_fds=False, preexec_fn=hand_over,
        )
        os.close(ours)
        os.close(ours_in)
        self.to, self.from_ = theirs, os.fdopen(theirs_out, "rb")
        self.number, self.session, self.events, self.rest = 0, None, [], b""

    def read(self):
        while b"\0" not in self.rest:
            more = os.read(self.from_.fileno(), 1 << 20)
            if not more:
                self.log.seek(0)
                raise SystemExit("the browser is gone:\n" + self.log.read().decode(errors="replace"))
            self.rest += more
        message, self.rest = self.rest.split(b"\0", 1)
        return json.loads(message)

    def call(self, method, **parameters):
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self.to, data):]
        while True:
            answer = self.read()
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise SystemExit(f"{method}: {answer['error']}")
                return answer["result"]
            self.events.append(answer)

    def wait(self, method):
        while True:
            for at, event in enumerate(self.events):
                if event.get("method") == method:
                    del self.events[at]
                    return
            self.events.append(self.read())

    def console(self):
        """Whatever the page complained of."""
        said = []
        for event in self.events:
            parameters = event.get("params", {})
            match event.get("method"):
                case "Runtime.exceptionThrown":
                    details = parameters["exceptionDetails"]
                    said.append("exception: " + details.get("exception", {}).get("description", details["text"]))
                case "Runtime.consoleAPICalled":
                    said.append(parameters["type"] + ": " + str([a.get("value") for a in parameters["args"]]))
                case "Log.entryAdded":
                    said.append(parameters["entry"]["level"] + ": " + parameters["entry"]["text"])
                case "Network.requestWillBeSent" if parameters["request"]["url"].split(":")[0] not in ("file", "data"):
                    said.append("request: " + parameters["request"]["url"])
                case "Page.javascriptDialogOpening":
                    said.append("dialog: " + parameters["message"])
        return said

    def open(self, address):
        self.call("Page.navigate", url=address)
        self.wait("Page.loadEventFired")


def step(browser, wanted):
    match wanted:
        case {"look": [scheme, media]}:
            features = [{"name": "prefers-color-scheme", "value": scheme}]
            browser.call("Emulation.setEmulatedMedia", media=media, features=features)
        case {"size": [width, height]}:
            browser.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        case {"open": address}:
            browser.open(address)
        case {"type": text}:
            browser.call("Runtime.evaluate", expression="document.getElementById('search').select()")
            browser.call("Input.insertText", text=text)
        case {"run": expression}:
            done = browser.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
            if "exceptionDetails" in done:
                raise SystemExit(f"{expression}: {done['exceptionDetails']}")
            return done["result"].get("value")
        case {"shot": path, **rest}:
            done = browser.call("Page.captureScreenshot", captureBeyondViewport=rest.get("whole", False))
            with open(path, "wb") as file:
                file.write(base64.b64decode(done["data"]))
        case {"pdf": path}:
            done = browser.call("Page.printToPDF", printBackground=True)
            with open(path, "wb") as file:
                return file.write(base64.b64decode(done["data"]))
        case other:
            raise SystemExit(f"no such step: {other}")
    return None


def main():
    program, address = sys.argv[1:]
    steps = json.load(sys.stdin)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        browser = Browser(program, folder)
        try:
            target = browser.call("Target.createTarget", url="about:blank")["targetId"]
            browser.session = browser.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
            for domain in ("Runtime", "Log", "Page", "Network"):
                browser.call(domain + ".enable")
            browser.call("Emulation.setDeviceMetricsOverride", width=1280, height=1000, deviceScaleFactor=1, mobile=False)
            browser.open(address)
            results = [step(browser, wanted) for wanted in steps]
            json.dump({"console": browser.console(), "results": results}, sys.stdout)
        finally:
            browser.process.kill()
            browser.process.wait()


if __name__ == "__main__":
    import signal

    signal.alarm(BOUND)
    main()
