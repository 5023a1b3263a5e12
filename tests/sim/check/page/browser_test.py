#!/usr/bin/env python3
"""The page of a judged history in headless Chromium: opened as a file, used by keyboard and mouse.

  browser_test.py WRITE_PAGES [FOLDER]   the program that writes the sample pages; FOLDER: screenshots

Exit: 0 passed, 1 failed, 77 there is no Chromium.
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "browser"))
import chromium  # noqa: E402

PAGES = ["stale-read", "register", "transactions", "fine", "too-long", "million", "hostile", "empty",
         "single", "odd", "absurd"]

# The lowest contrast of any text to the colour behind it, with the text; large text counts 1.5 times.
CONTRAST = """(() => {
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = 1;
  const context = canvas.getContext('2d', {willReadFrequently: true});
  const over = (colours) => {  // painted one over the other
    for (const colour of colours) { context.fillStyle = colour; context.fillRect(0, 0, 1, 1); }
    return [...context.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const light = rgb => rgb.map(v => v / 255).map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  let worst = [99, ''];
  for (const element of document.querySelectorAll('main *')) {
    const text = [...element.childNodes].filter(n => n.nodeType === 3).map(n => n.data).join('').trim();
    const box = element.getBoundingClientRect();
    const style = getComputedStyle(element);
    if (!text || box.width === 0 || style.visibility === 'hidden' || element.closest(':disabled') ||
        element.closest('script, svg, option, noscript')) { continue; }
    const behind = [];
    for (let e = element; e; e = e.parentElement) {
      const s = getComputedStyle(e);
      const stops = s.backgroundImage.match(/(rgba?|color)\\([^)]*\\)/g);
      behind.unshift(...(stops ? [stops[0]] : []), s.backgroundColor);
    }
    const back = over(behind);
    const fore = over([`rgb(${back})`, style.color]);
    const [a, b] = [light(fore), light(back)].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05) * (parseFloat(style.fontSize) >= 24 ? 1.5 : 1);
    if (ratio < worst[0]) { worst = [ratio, `${text.slice(0, 40)} (${element.className})`]; }
  }
  return worst;
})()"""

# Elements that can be reached and have no name, or are too small to be hit.
UNNAMED = """[...document.querySelectorAll('button, input, select, a, [tabindex]')].filter(e =>
  e.getBoundingClientRect().width > 0 && !(e.getAttribute('aria-label') || e.textContent.trim() ||
  (e.labels && e.labels.length))).map(e => e.outerHTML.slice(0, 80))"""
SMALL = """[...document.querySelectorAll('.tool, .hide, .jump, select, input[type=search]')].filter(e => {
  const r = e.getBoundingClientRect(); return r.width > 0 && (r.height < 24 || r.width < 8); })
  .map(e => e.outerHTML.slice(0, 80))"""

BOXES = "[...document.querySelectorAll('.operation')]"
ACTIVE = "document.activeElement.getAttribute('aria-label') || document.activeElement.textContent"


class PageTest(unittest.TestCase):
    def open(self, name, **view):
        page = browser.open(folder / f"{name}.html", **view)
        self.addCleanup(page.close)
        return page

    def in_view(self, page, selector):
        return page.evaluate(
            f"(() => {{ const b = document.querySelector('.box').getBoundingClientRect();"
            f" return [...document.querySelectorAll({json.dumps(selector)})].map(e => e.getBoundingClientRect())"
            " .every(r => r.left >= b.left && r.right <= b.right && r.top >= b.top && r.bottom <= b.bottom); })()")

    def texts(self, page, selector):
        return page.evaluate(f"[...document.querySelectorAll({json.dumps(selector)})].map(e => e.textContent)")

    def test_every_page_opens_without_a_request_or_complaint_and_fits_a_phone(self):
        for name in PAGES:
            with self.subTest(name):
                page = self.open(name)
                self.assertEqual(page.requests(), [])
                self.assertEqual(page.complaints(), [])
                self.assertRegex(page.evaluate("document.querySelector('h1').textContent"),
                                 r"violated|ok|inconclusive")
                self.assertEqual(page.evaluate(UNNAMED), [])
                self.assertEqual(page.evaluate(SMALL), [])
                self.assertEqual(page.evaluate("document.getAnimations().length"), 0)
                if name not in ("empty", "single", "odd"):
                    self.assertGreater(page.evaluate(f"{BOXES}.length"), 40)
                page.view(390, 760, touch=True)
                self.assertLessEqual(page.evaluate("document.documentElement.scrollWidth"), 390)

    def test_texts_of_the_history_stay_texts(self):
        page = self.open("hostile")
        self.assertNotEqual(page.evaluate("document.title"), "taken")
        self.assertEqual(page.evaluate("document.scripts.length"), 2)
        label = page.evaluate("document.querySelector('.operation.witness').getAttribute('aria-label')")
        self.assertIn("</script><script>document.title='taken'</script><!--", label)

    def test_the_policy_lets_nothing_else_run(self):
        page = self.open("fine")
        page.evaluate("document.body.append(Object.assign(document.createElement('script'),"
                      " {textContent: 'document.title = 1'}))")
        page.evaluate("document.body.append(Object.assign(new Image(), {src: 'x.png'}))")
        self.assertNotEqual(page.evaluate("document.title"), "1")
        self.assertTrue(any("Content Security Policy" in text for text in page.complaints()))

    def test_without_its_script_the_page_still_says_what_is_wrong(self):
        page = self.open("stale-read")
        page.call("Emulation.setScriptExecutionDisabled", value=True)
        page.call("Page.reload")
        page.wait("document.querySelector('noscript p') !== null")
        self.assertIn("yet it shows only 61", page.evaluate("document.querySelector('h1').textContent"))
        self.assertIn("switched off", page.evaluate("document.querySelector('noscript').textContent"))

    def test_the_witness_is_marked_and_in_view_at_once(self):
        for name, numbers in (("stale-read", ["1", "2"]), ("transactions", ["1", "2", "3"]),
                              ("register", ["1"]), ("million", ["1", "2"])):
            with self.subTest(name):
                page = self.open(name)
                found = page.evaluate("[...document.querySelectorAll('.operation.witness')].map("
                                      "e => e.querySelector('.number').textContent).sort()")
                self.assertEqual(found, numbers)
                self.assertTrue(self.in_view(page, ".operation.witness"))
                self.assertIn("1 of ", page.evaluate("document.querySelector('.panel').textContent"))

    def test_the_witness_is_reached_by_keyboard_alone(self):
        page = self.open("stale-read")
        for _ in range(40):
            page.press("Tab")
            if page.evaluate("document.activeElement.classList.contains('operation')"):
                break
        self.assertIn("witness 1 of 2 of violation 1, stale read", page.evaluate(ACTIVE))
        page.press("n")
        self.assertIn("witness 2 of 2", page.evaluate(ACTIVE))
        page.press("n")
        self.assertIn("witness 1 of 2", page.evaluate(ACTIVE))
        page.press("p")
        self.assertIn("witness 2 of 2", page.evaluate(ACTIVE))
        page.press("w")
        self.assertIn("witness 1 of 2", page.evaluate(ACTIVE))
        self.assertEqual(page.evaluate("getComputedStyle(document.activeElement).outlineStyle"), "solid")

    def test_arrows_move_in_time_and_over_lanes(self):
        page = self.open("stale-read")
        page.press("w")
        lane = "document.activeElement.parentElement.getAttribute('aria-label')"
        left = "document.activeElement.offsetLeft"
        start = page.evaluate(f"[{lane}, {left}]")
        page.press("ArrowRight")
        self.assertEqual(page.evaluate(lane), start[0])
        self.assertGreater(page.evaluate(left), start[1])
        page.press("ArrowLeft")
        self.assertEqual(page.evaluate(f"[{lane}, {left}]"), start)
        self.assertIn("rule: must show version", page.evaluate(ACTIVE))
        # What draws the picture anew keeps the focus.
        page.press("t")
        page.press("+")
        self.assertEqual(page.evaluate(lane), start[0])
        self.assertIn("witness 1 of 2", page.evaluate(ACTIVE))
        page.press("ArrowUp")
        self.assertEqual(page.evaluate(lane), "client 4")
        for _ in range(5):
            page.press("ArrowUp")
        self.assertEqual(page.evaluate(lane), "fault")
        page.press("ArrowUp")
        self.assertIn("leads term", page.evaluate(ACTIVE))
        page.press("End")
        self.assertTrue(page.evaluate(f"{left} >= Math.max(...{BOXES}.map(e => e.offsetLeft))"))
        page.press("Home")
        page.press("ArrowRight", "Shift")
        page.press("ArrowRight", "Shift")
        self.assertNotEqual(page.evaluate(left), 0)
        self.assertEqual(page.evaluate("document.querySelectorAll('.canvas [tabindex=\"0\"]').length"), 1)

    def test_details_follow_the_pointer_until_a_click_holds_them(self):
        page = self.open("stale-read", height=1400)
        panel = "document.querySelector('.panel').textContent"
        page.click(".operation.witness")
        held = page.evaluate(panel)
        for part in ("state before", "state after", "called", "returned", "event", "rule",
                     "line of the file", "must show version"):
            self.assertIn(part, held)
        self.assertTrue(page.evaluate("document.querySelector('.panel').classList.contains('pinned')"))
        other = ".operation.unknown"
        page.evaluate(f"document.querySelector('{other}').scrollIntoView({{inline: 'center', block: 'nearest'}})")
        page.point(*page.middle_of(other))
        self.assertEqual(page.evaluate(panel), held)
        # Nor does moving by keys change them; the mark stays where it is.
        page.press("ArrowRight")
        self.assertEqual(page.evaluate(panel), held)
        self.assertEqual(page.evaluate("document.querySelectorAll('.held.witness').length"), 1)
        page.press("Escape")
        self.assertNotEqual(page.evaluate(panel), held)
        self.assertEqual(page.evaluate("document.querySelectorAll('.held').length"), 0)
        page.evaluate(f"document.querySelector('{other}').scrollIntoView({{inline: 'center', block: 'nearest'}})")
        page.point(5, 5)
        page.point(*page.middle_of(other))
        self.assertIn("it may take effect at any time from its call on", page.evaluate(panel))

    def test_the_axis_is_to_scale_in_time_or_in_events(self):
        page = self.open("fine")
        measure = """(() => {
          const items = picture.items.filter(item => item.operation);
          const x = item => parseFloat(item.element.style.left);
          const base = items[0];
          const by = f => items.slice(1).map(i => (x(i) - x(base)) / (f(i.operation) - f(base.operation)))
            .filter(Number.isFinite);
          const spread = list => Math.max(...list) / Math.min(...list) - 1;
          return [spread(by(o => o.callNs)), spread(by(o => o.call))]; })()"""
        time, event = page.evaluate(measure)
        self.assertLess(time, 0.001)
        self.assertGreater(event, 0.1)
        page.press("t")
        self.assertIn("One step per event", page.evaluate("document.querySelector('.status').textContent"))
        time, event = page.evaluate(measure)
        self.assertLess(event, 0.001)
        self.assertGreater(time, 0.1)
        self.assertEqual(page.evaluate("ui.axisRank.getAttribute('aria-pressed')"), "true")
        width = "document.querySelector('.canvas').offsetWidth"
        before = page.evaluate(width)
        page.press("+")
        self.assertGreater(page.evaluate(width), before * 1.3)
        page.press("0")
        self.assertEqual(page.evaluate(width), before)

    def test_a_history_without_times_has_the_event_axis_only(self):
        page = self.open("transactions")
        self.assertTrue(page.evaluate("ui.axisTime.disabled"))
        page.press("t")
        self.assertIn("no times", page.evaluate("document.querySelector('.status').textContent"))

    def test_filters_by_outcome_client_kind_and_text(self):
        page = self.open("stale-read")
        everything = page.evaluate(f"{BOXES}.length")

        def choose(name, value):
            page.evaluate(f"(() => {{ const s = ui.filters.{name}; s.value = {json.dumps(value)};"
                          " s.dispatchEvent(new Event('change')); })()")

        choose("outcome", "unknown")
        self.assertTrue(page.evaluate(f"{BOXES}.length > 3 && {BOXES}.every(e => e.classList.contains('unknown'))"))
        choose("lane", "client 5")
        self.assertEqual(page.evaluate("[...document.querySelectorAll('.lane.client')].length"), 1)
        choose("outcome", "")
        choose("kind", "append")
        self.assertTrue(page.evaluate(f"{BOXES}.every(e => e.textContent.includes('append'))"))
        page.press("/")
        page.type("nothing is like this")
        self.assertEqual(page.evaluate(f"{BOXES}.length"), 0)
        self.assertFalse(page.evaluate("ui.empty.hidden"))
        # A jump brings the witness back, whatever hid it.
        page.press("Escape")
        page.evaluate("document.activeElement.blur()")
        page.press("w")
        self.assertIn("witness 1 of 2", page.evaluate(ACTIVE))
        self.assertEqual(page.evaluate(f"{BOXES}.length"), everything)
        self.assertIn("cleared", page.evaluate("document.querySelector('.status').textContent"))

    def test_lanes_can_be_hidden_and_shown(self):
        page = self.open("stale-read")
        page.evaluate("document.querySelector('.lane.client .hide').scrollIntoView({block: 'center'})")
        page.click(".lane.client .hide")
        lanes = "[...document.querySelectorAll('.lane.client')].map(e => e.getAttribute('aria-label'))"
        self.assertNotIn("client 0", page.evaluate(lanes))
        page.evaluate("ui.showLanes.click()")
        self.assertIn("client 0", page.evaluate(lanes))

    def test_a_search_shows_its_longest_order_and_what_it_refused(self):
        page = self.open("register")
        steps = page.evaluate("""picture.items.filter(i => i.element.querySelector('.step')).map(
          i => [Number(i.element.querySelector('.step').textContent), i.operation.id])
          .sort((a, b) => a[0] - b[0])""")
        self.assertEqual(steps, [[i + 1, i] for i in range(48)])
        self.assertEqual(len(self.texts(page, "ol.order li")), 48)
        self.assertIn("\u2192", self.texts(page, "ol.order li")[0])
        refused = self.texts(page, "ul.refused li")
        self.assertIn("refused: a read of 9, but the register held", refused[0])
        self.assertEqual(page.evaluate(f"{BOXES}.filter(e => e.classList.contains('refused')).length"), 2)
        page.click("ul.refused .jump")
        self.assertIn("refused next", page.evaluate(ACTIVE))

    def test_violations_follow_each_other(self):
        page = self.open("transactions")
        title = "ui.violation.textContent"
        self.assertEqual(page.evaluate(title), "Violation 1 of 3: G-single")
        self.assertEqual(page.evaluate("document.querySelectorAll('.arrow').length"), 3)
        page.press("N", "Shift")
        self.assertEqual(page.evaluate(title), "Violation 2 of 3: G-single")
        self.assertIn("30 precedes 33", page.evaluate("ui.why.textContent"))
        self.assertTrue(self.in_view(page, ".operation.witness"))
        page.press("N", "Shift")
        page.press("n")
        self.assertEqual(page.evaluate(title), "Violation 1 of 3: G-single")
        page.press("P", "Shift")
        self.assertEqual(page.evaluate(title), "Violation 3 of 3: lost update")

    def test_help_opens_closes_and_switches_letters_off(self):
        page = self.open("stale-read")
        page.press("?")
        self.assertTrue(page.evaluate("ui.help.open"))
        page.press("Escape")
        self.assertFalse(page.evaluate("ui.help.open"))
        page.evaluate("ui.help.querySelector('input').click()")
        page.press("t")
        self.assertEqual(page.evaluate("state.kind"), "time")

    def test_the_table_holds_what_the_picture_shows(self):
        page = self.open("register")
        page.evaluate("document.querySelector('#table details').open = true")
        page.wait("document.querySelectorAll('#table tbody tr').length === 60")
        self.assertIn("client 3", self.texts(page, "#table tr.witness")[0])
        page.evaluate("document.querySelector('#table tr.witness .jump').click()")
        self.assertIn("witness 1 of 1", page.evaluate(ACTIVE))

    def test_floor_gaps_and_what_went_on_beside(self):
        page = self.open("million")
        self.assertEqual(self.texts(page, ".gap-note"), ["998,000 operations not shown"])
        self.assertGreater(page.evaluate("document.querySelectorAll('.floor-label').length"), 3)
        page = self.open("stale-read")
        self.assertIn("n2 leads term 4", self.texts(page, ".annotation.leader"))
        self.assertIn("partition n1 | n2 n3", self.texts(page, ".annotation.fault"))

    def test_on_a_phone_the_details_do_not_cover_the_operation(self):
        page = self.open("stale-read", width=390, height=760, touch=True)
        page.press("n")
        below = page.evaluate("ui.panel.getBoundingClientRect().top -"
                              " document.activeElement.getBoundingClientRect().bottom")
        self.assertGreaterEqual(below, 0)

    def test_texts_stand_out_in_light_and_dark(self):
        for name in ("stale-read", "register", "transactions", "too-long", "empty"):
            page = self.open(name)
            for dark in (False, True):
                with self.subTest(f"{name}, dark {dark}"):
                    page.view(1280, 800, dark=dark)
                    page.evaluate("[...document.querySelectorAll('details')].forEach(d => { d.open = true; })")
                    contrast, text = page.evaluate(CONTRAST)
                    self.assertGreaterEqual(contrast, 4.5, text)

    def test_it_prints_the_witness_with_the_names_of_the_lanes(self):
        page = self.open("stale-read")
        zoom = page.evaluate("state.zoom")
        self.assertGreater(len(page.call("Page.printToPDF")["data"]), 10_000)
        self.assertEqual(page.evaluate("state.zoom"), zoom)

    def test_screenshots(self):
        if shots is None:
            self.skipTest("no folder for screenshots was named")
        for name in PAGES:
            for dark in (False, True):
                self.open(name, dark=dark).screenshot(shots / f"{name}-{'dark' if dark else 'light'}.png",
                                                      whole=True)
            self.open(name, width=390, height=760).screenshot(shots / f"{name}-phone.png", whole=True)


if __name__ == "__main__":
    if chromium.find() is None:
        print("there is no Chromium: scripts/setup --browser installs one")
        sys.exit(77)
    shots = pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 else None
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        subprocess.run([os.path.abspath(sys.argv[1]), name], check=True)
        with chromium.Chromium() as browser:
            unittest.main(argv=sys.argv[:1])
