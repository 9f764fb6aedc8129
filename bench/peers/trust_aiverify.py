"""AI Verify's robustness plug-in on the table of a .npz: python trust_aiverify.py DATA.npz -> one line of JSON.

Needs aiverify-robustness-toolbox==2.2.1. Its attack runs as published, through its own entry; the rows it ends with, of
which it keeps one, are noted where it hands them to the model for the last time.
"""

import contextlib
import json
import os
import sys
import time
from importlib.metadata import version
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
from aiverify_robustness_toolbox.algo import Plugin
from aiverify_robustness_toolbox.algo_init import AlgoInit
from aiverify_test_engine.plugins.enums.model_type import ModelType
from sklearn.linear_model import LogisticRegression


def written(data, folder):
    """A table and a model as files, as the plug-in wants them."""
    model = LogisticRegression()
    model.coef_, model.intercept_ = data["weights"][None], data["bias"]
    model.classes_, model.n_features_in_ = np.array([0, 1]), len(data["weights"])
    names = [f"c{i}" for i in range(len(data["weights"]))]
    table = pd.DataFrame(data["rows"].astype(np.float64), columns=names).assign(label=data["decided"])
    table.to_csv(folder / "table.csv", index=False)
    joblib.dump(model, folder / "model.sav")
    return str(folder / "table.csv"), str(folder / "model.sav")


def watched(ends):
    """Notes the rows of the last prediction; the attack itself stays as it is."""
    kept = Plugin._transform_to_df

    def transform(self, rows, shape, subfolder_name):
        if subfolder_name == "adv_prediction":
            ends.append(np.array(rows, np.float64))
        return kept(self, rows, shape, subfolder_name)

    Plugin._transform_to_df = transform


def main(data, folder):
    ends = []
    watched(ends)
    table, model = written(data, folder)
    # It writes its report and its log where it stands.
    os.chdir(folder)
    np.random.seed(0)
    images = {"annotated_ground_truth_path": "", "file_name_label": ""}
    test = AlgoInit(False, "", table, model, table, "label", ModelType.CLASSIFICATION, images)
    began = time.process_time()
    # It prints, and leaves by sys.exit where its own last step fails; the rows are known by then.
    with contextlib.redirect_stdout(sys.stderr), contextlib.suppress(SystemExit):
        test.run()
    report = folder / "output" / "results.json"
    return {
        "version": version("aiverify-robustness-toolbox"),
        "seconds": time.process_time() - began,
        "reported": json.loads(report.read_text())["output"]["results"] if report.exists() else None,
        "rows": ends[-1].tolist(),
    }


if __name__ == "__main__":
    given = Path(sys.argv[1]).resolve()
    print(json.dumps(main(dict(np.load(given)), given.parent)))
