"""Runs stan.py's own tests and writes {test: outcome} as JSON: run.py OUTPUT [TEST...]."""

import json
import sys
import unittest


class Outcomes(unittest.TextTestResult):
    def __init__(self, *args):
        super().__init__(*args)
        self.outcomes = {}

    def _note(self, test, outcome):
        self.outcomes[test.id()] = outcome

    def addSuccess(self, test):
        super().addSuccess(test)
        self._note(test, "passed")

    def addError(self, test, err):
        super().addError(test, err)
        self._note(test, "failed")

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self._note(test, "failed")

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self._note(test, "skipped")


names = sys.argv[2:] or ["tests.client_test"]
suite = unittest.defaultTestLoader.loadTestsFromNames(names)
result = unittest.TextTestRunner(resultclass=Outcomes).run(suite)
with open(sys.argv[1], "w") as output:
    json.dump(result.outcomes, output)
