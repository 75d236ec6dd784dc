"""Checks of targets.py that need no engine: `python targets.py --self-check`, in every build."""

import pathlib
import struct
import tempfile
import unittest
import xml.etree.ElementTree

import target_noise as noise
import target_report
import target_rows
import target_verdict as verdict


def result(row, ours, theirs, error=1e-6, state="done"):
    """A row whose variants and ways took so many ms, twice and once far off."""
    rounds = lambda ms: [ms, 100 * ms, ms]  # noqa: E731
    return {
        "id": row["id"],
        "kind": row["kind"],
        "row": row,
        "state": state,
        "ours": {name: {"rounds": rounds(ms), "error": error} for name, ms in ours.items()},
        "theirs": {name: {"rounds": rounds(ms)} for name, ms in theirs.items()},
        "flops": 2e9,
        "bytes": 1e6,
    }


def shape(hidden, batch=16):
    name = f"training/lstm-{hidden}-N{batch}-T25"
    return target_rows.rnn({"name": name, "cell": "lstm", "hidden": hidden, "batch": batch, "time": 25})


class Verdicts(unittest.TestCase):
    def test_a_step_is_held_to_both_of_pytorchs_ways(self):
        row = target_rows.step(*target_rows.STEPS[0])
        one = result(row, {"default": 2.0, "default graphs": 1.0}, {"eager": 3.0, "graph": 1.1})
        eager, graph = verdict.decide(one, [one])
        self.assertEqual((eager["got"], eager["verdict"]), (3.0, verdict.REACHED))
        self.assertEqual((graph["got"], graph["verdict"]), (1.1, verdict.MISSED))
        self.assertEqual(verdict.best(one["ours"]), ("default graphs", 1.0))

    def test_what_was_not_run_is_open_with_its_reason(self):
        row = target_rows.step(*target_rows.STEPS[0])
        one = result(row, {"default": 1.0}, {"eager": 2.9})
        one["theirs"]["graph"] = {"rounds": [], "note": "not available: capture failed"}
        eager, graph = verdict.decide(one, [one])
        self.assertEqual(eager["verdict"], verdict.MISSED)
        self.assertEqual((graph["verdict"], graph["why"]), (verdict.OPEN, "not available: capture failed"))

    def test_wrong_results_do_not_count_and_fail(self):
        one = result(shape(512), {"default": 2.0, "measured": 1.0}, {"eager": 2.0})
        one["ours"]["measured"]["error"] = 0.1
        self.assertEqual(verdict.best(one["ours"]), ("default", 2.0))
        self.assertEqual(verdict.decide(one, [one])[0]["got"], 1.0)
        self.assertEqual(len(verdict.failures([one])), 1)
        for wrong in (0.1, float("nan"), float("inf")):
            all_wrong = result(shape(512), {"default": 1.0}, {"eager": 2.0}, error=wrong)
            self.assertEqual(verdict.decide(all_wrong, [all_wrong])[0]["verdict"], verdict.OPEN)
            self.assertEqual(len(verdict.failures([all_wrong])), 1)
        self.assertEqual(verdict.failures([result(shape(512), {"default": 1.0}, {})]), [])

    def test_gradients_through_a_kink_have_a_bound_of_their_own(self):
        one = result(shape(512), {"default": 1.0}, {"eager": 2.0})
        entry = one["ours"]["default"]
        entry["kinked_error"] = 1e-3
        self.assertTrue(verdict.right(entry))
        self.assertEqual(verdict.told(entry), 1e-3)
        for wrong in ({"kinked_error": 1e-2}, {"error": 1e-3}):
            self.assertFalse(verdict.right(entry | wrong))

    def test_a_cell_is_held_to_pytorchs_best_and_to_the_plain_cell(self):
        rows = {row["id"]: row for row in target_rows.cells(target_rows.CELL_SIZES[:1])}
        plain = result(rows["plain LSTM C128 H128 N32 T128"], {"default": 2.0, "persistent": 1.0}, {})
        cell = rows["layer-norm LSTM C128 H128 N32 T128"]
        one = result(cell, {"default": 1.3}, {"eager": 20.0, "script": 7.0})
        best, cost = verdict.decide(one, [plain, one])
        self.assertAlmostEqual(best["got"], 7.0 / 1.3)
        self.assertEqual((best["verdict"], cost["verdict"]), (verdict.REACHED, verdict.REACHED))
        self.assertEqual(verdict.decide(one, [one])[1]["verdict"], verdict.OPEN)
        slow = result(cell, {"default": 1.31}, {"eager": 6.5})
        self.assertEqual([v["verdict"] for v in verdict.decide(slow, [plain, slow])], [verdict.MISSED] * 2)

    def test_the_mean_is_geometric_over_all_small_shapes_or_open(self):
        small = [result(shape(256), {"default": 1.0}, {"eager": 1.0}), result(shape(512), {"default": 1.0}, {"eager": 4.0})]
        large = result(shape(1024), {"default": 1.0}, {"eager": 0.1})
        mean = verdict.mean(small + [large], 2)
        self.assertAlmostEqual(mean["got"], 2.0)
        self.assertEqual(mean["verdict"], verdict.REACHED)
        self.assertEqual(verdict.mean(small[:1], 1)["verdict"], verdict.MISSED)
        self.assertEqual(verdict.mean(small, 3)["verdict"], verdict.OPEN)
        self.assertEqual(verdict.mean([], 0)["verdict"], verdict.OPEN)

    def test_percent_is_of_what_was_measured(self):
        one = result(shape(512), {"default": 1.0}, {})
        peak, bandwidth = verdict.percent(one, {"tflops": 4.0, "gigabytes_per_s": 10.0})
        self.assertAlmostEqual(peak, 50.0)
        self.assertAlmostEqual(bandwidth, 10.0)
        self.assertEqual(verdict.percent(one, None), (None, None))


class Rows(unittest.TestCase):
    def test_each_is_there_once_and_a_cell_has_its_plain_one_before_it(self):
        deepbench = [{"name": "training/a", "cell": "lstm", "hidden": 2048, "batch": 1, "time": 1}]
        for rows in (target_rows.all_rows(deepbench), target_rows.small_rows()):
            names = [row["id"] for row in rows]
            self.assertEqual(len(names), len(set(names)))
            for row in rows:
                if "plain" in row:
                    self.assertLess(names.index(row["plain"]), names.index(row["id"]))
                self.assertNotIn("4096", row["command"])

    def test_random_masks_are_compared_in_evaluation(self):
        for row in target_rows.cells(target_rows.CELL_SIZES):
            if row["kind"] == "cell":
                self.assertTrue(row["checked"].endswith("train" if row["trains"] else "infer"), row)


class Numbers(unittest.TestCase):
    """The constants are those of the Java test of dev.gatun.app.bench.Noise."""

    def test_they_are_gatuns(self):
        self.assertEqual(noise.at(7, "x", 0), -0.12520015239715576)
        self.assertEqual(noise.at(7, "x", 100000), 0.6284892559051514)
        self.assertEqual(noise.text_hash("weight_ih_l0"), 4283975645)

    def test_an_error_is_about_the_norm_of_the_difference(self):
        size = 1000
        signs = noise.mix(noise.text_hash("signs"))
        sums = [0.0] * noise.SUMS
        for i in range(size):
            bits = noise.mix(noise.mix(i) ^ signs)
            for k in range(noise.SUMS):
                sums[k] += 0.01 * noise.at(3, "error", i) * (1 - 2 * ((bits >> k) & 1))
        norm = 0.01 * (size / 3) ** 0.5  # of numbers spread evenly from -0.01 to 0.01
        found = noise.error(sums, [0.0] * noise.SUMS, 1.0)
        self.assertTrue(norm / 3 < found < 3 * norm, found)
        self.assertEqual(noise.error([None], [1.0], 1.0), float("inf"))
        self.assertEqual(noise.error([float("nan")], [1.0], 1.0), float("inf"))


class Files(unittest.TestCase):
    def test_all_are_written_for_whole_and_for_part(self):
        row = target_rows.step(*target_rows.STEPS[0])
        rows = [row, shape(512), shape(1024)]
        results = [result(row, {"default": 1.0}, {"eager": 5.0}), result(rows[1], {"default": 1.0}, {"eager": 0.5})]
        with tempfile.TemporaryDirectory() as folder:
            out = pathlib.Path(folder)
            target_report.write(out, {"date": "x"}, None, rows, results[:1], {"measured": "not available"})
            target_report.write(out, {"date": "x"}, {"tflops": 50.0, "gigabytes_per_s": 4000.0, "how": "y"}, rows, results, {})
            page = (out / "targets.md").read_text(encoding="utf-8")
            self.assertIn("PyTorch ÷ Gatun 5.00, at least 3.0: reached", page)
            self.assertIn("PyTorch ÷ Gatun 0.50, at least 1.0: missed", page)
            self.assertIn("Not measured, the time was over: training/lstm-1024-N16-T25", page)
            outcome = (out / "predictions-outcome.md").read_text(encoding="utf-8")
            self.assertIn("| training/lstm-1024-N16-T25 | not run |", outcome)
            for kind in ("rnn", "step"):
                root = xml.etree.ElementTree.parse(out / f"targets-{kind}.svg").getroot()
                self.assertTrue(root.tag.endswith("svg"))
            self.assertEqual(len(list(out.iterdir())), 5)

    def test_the_predictions_name_every_row(self):
        page = pathlib.Path(__file__).resolve().parents[2] / "docs" / "gpu" / "predictions.md"
        if page.is_file():  # the archive for a device has it elsewhere
            text = page.read_text(encoding="utf-8")
            for row in target_rows.all_rows([]):
                self.assertIn(f"| {row['id']} |", text)


def main():
    suite = unittest.defaultTestLoader.loadTestsFromModule(__import__(__name__))
    done = unittest.TextTestRunner(verbosity=1).run(suite)
    return 0 if done.wasSuccessful() and done.testsRun > 10 else 1
