#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Open pages in a headless Chromium and judge what is to be seen.

usage: check.py CHROMIUM PAGE[:WORD,...] ...

Every PAGE is a file that `teampool report` wrote.  It is looked at as it is, in frames of three
widths, light and dark (probe.js), its own content security policy in force.  WORDs say what is
expected of it: a number, so many drawings at least, and none missing where there are numbers;
bare: no drawing.
"""
import concurrent.futures
import glob
import html
import json
import os
import re
import subprocess
import sys
import tempfile
import xml.parsers.expat

WIDTHS = (1280, 768, 390)
CSP = ("<meta http-equiv=Content-Security-Policy content=\"default-src 'none'; style-src "
       "'unsafe-inline'; img-src data:\">")
TAGS = set("""html head meta title style body header main footer section div p h1 h2 h3 b i span ul ol
li table thead tbody tr th td figure figcaption details summary pre code a svg g path text tspan rect
circle ellipse line polyline polygon use defs""".split())
SMALLEST = 9.5  # pixels of a drawing's text on the narrowest screen
INTRUDER = "<script>var ran = true;</script>"

problems = []
checks = 0


def check(condition, page, text):
    global checks
    checks += 1
    if not condition:
        problems.append(f"{page}: {text}")


def harness(page):
    """The document around the page: a frame for each width and scheme."""
    frames = "\n".join(
        f'<iframe width={width} height=900 style="border:0;color-scheme:{scheme}" '
        f'srcdoc="{html.escape(page)}"></iframe>'
        for scheme in ("light", "dark") for width in WIDTHS)
    with open(os.path.join(os.path.dirname(__file__), "probe.js"), encoding="utf-8") as f:
        return f"<!doctype html><meta charset=utf-8><body>{frames}<script>{f.read()}</script>"


def look(chromium, text):
    """What the probe found in each frame, and what the console said."""
    with tempfile.TemporaryDirectory() as folder:
        name = os.path.join(folder, "harness.html")
        with open(name, "w", encoding="utf-8") as f:
            f.write(harness(text))
        done = subprocess.run(
            [chromium, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
             "--disable-dev-shm-usage", f"--user-data-dir={folder}/profile", "--enable-logging=stderr",
             "--dump-dom", "file://" + name],
            stdin=subprocess.DEVNULL, capture_output=True, timeout=120, check=False)
    console = [line for line in done.stderr.decode("utf-8", "replace").splitlines()
               if ":CONSOLE" in line]
    found = re.search(r'<pre id="found">(.*?)</pre>', done.stdout.decode("utf-8", "replace"), re.S)
    return (json.loads(html.unescape(found.group(1))) if found else None), console


def judge_frame(page, words, frame):
    least = max([int(word) for word in words if word.isdigit()], default=0)
    where = f"{page} at {frame['width']}, {'dark' if frame['dark'] else 'light'}"
    check(frame["beyond"] <= 0, where, f"{frame['beyond']} pixels too wide: {frame['wide'][:3]}")
    check(not frame["wide"], where, f"beyond the edge: {frame['wide'][:3]}")
    check(not frame["faint"], where, f"faint text: {frame['faint'][:4]}")
    check(set(frame["tags"]) <= TAGS, where, f"strange elements: {set(frame['tags']) - TAGS}")
    check(not frame["events"], where, f"event attributes: {frame['events'][:4]}")
    check(not frame["twice"], where, f"ids twice: {frame['twice'][:4]}")
    check(frame["height"] > 600, where, f"only {frame['height']} pixels high")
    drawn = 0
    for figure in frame["figures"]:
        name = f"{where}, {figure['id']}"
        drawings = figure["drawings"]
        drawn += len(drawings)
        shown = drawings or figure["boxes"]
        check(shown or figure["absent"], name, "neither a drawing nor a reason")
        check(not drawings or figure["rows"], name, "a drawing without its numbers")
        check(not least or shown or not figure["rows"], name, f"not drawn: {figure['absent']}")
        check("bare" not in words or not drawings, name, "drawn")
        for drawing in drawings:
            check(drawing["label"], name, "a drawing without a name")
            check(drawing["texts"] > 2 and drawing["shapes"] > 2, name, "an empty drawing")
            check(drawing["smallest"] is None or drawing["smallest"] >= SMALLEST, name,
                  f"letters of {drawing['smallest']} pixels")
            check(not drawing["cut"], name, f"texts cut off: {drawing['cut'][:3]}")
    check(drawn >= least, where, f"{drawn} drawings, not {least}")


def judge(chromium, argument):
    page, _, words = argument.rpartition(":") if re.search(r":[a-z0-9,]*$", argument) else (argument, "", "")
    words = words.split(",")
    with open(page, "rb") as f:
        raw = f.read()
    check(not re.search(rb"[\0-\x08\x0b-\x1f\x7f]", raw), page, "control bytes")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        text = raw.decode("utf-8", "replace")
        check(False, page, f"not UTF-8: {error}")
    check(text.count(CSP) == 1 and text.index(CSP) < text.index("<style>"), page, "its policy is gone")
    frames, console = look(chromium, text)
    check(frames and len(frames) == 2 * len(WIDTHS), page, f"not measured: {console[:3]}")
    check(not console, page, f"the console says: {console[:3]}")
    for frame in frames or []:
        judge_frame(page, words, frame)
    wanted = [(w, d) for d in (False, True) for w in WIDTHS]
    check([(f["width"], f["dark"]) for f in frames or []] == wanted, page, "not in the frames wanted")
    if frames:
        check(frames[0]["paper"] != frames[-1]["paper"], page, "light and dark look alike")
    for svg in sorted(glob.glob(glob.escape(os.path.join(os.path.dirname(page) or ".", "plots")) + "/*.svg")):
        try:
            with open(svg, "rb") as f:
                xml.parsers.expat.ParserCreate().ParseFile(f)
            check(True, svg, "")
        except xml.parsers.expat.ExpatError as error:
            check(False, svg, f"not well-formed: {error}")
    return text


def judge_policy(chromium, page, text):
    """A script that got into the page would not run; without the policy it would, and is seen."""
    with_script = text.replace("</main>", INTRUDER + "</main>")
    frames, console = look(chromium, with_script)
    check(frames and not any(f["ran"] for f in frames), page, "its policy lets a script run")
    check(any("Content Security Policy" in line for line in console), page, f"no refusal: {console[:2]}")
    frames, _ = look(chromium, with_script.replace(CSP, ""))
    check(frames and all(f["ran"] for f in frames), page, "without its policy no script runs: no test")


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    chromium, pages = sys.argv[1], sys.argv[2:]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        texts = list(pool.map(lambda page: judge(chromium, page), pages))
    judge_policy(chromium, "the first page", texts[0])
    for problem in problems:
        print("FAIL:", problem)
    print(f"{len(pages)} pages, {checks} checks, {len(problems)} problems")
    sys.exit(1 if problems else 0)


main()
