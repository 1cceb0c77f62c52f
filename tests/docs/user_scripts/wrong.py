"""A user's script with a mistake in every line marked so: type checkers report each."""

from __future__ import annotations

import numpy as np

import dicomseries as dcs

array = np.zeros((3, 4, 5), dtype=np.float32)
volume = dcs.read("ct")

dcs.write(array, "out", kind="CTT")  # mistake
dcs.write(array, "out", kind="CT", spacing=2.5)  # mistake
dcs.write(array, "out", kind="CT", space="lps")  # mistake
dcs.write(array, "out", kind="CT", orient="up")  # mistake
dcs.write(array, "out", kind="CT", split="slices")  # mistake
dcs.write(array, "out", kind="CT", compression="jpeg")  # mistake
dcs.write(array, "out", kind="CT", descripton="x")  # mistake
dcs.write(array, "out", kind="CT", progress="yes")  # mistake
dcs.write(array, "out", kind="SEG", segmentation_type="bits")  # mistake
dcs.write(array, "out", kind="SEG", segments=1)  # mistake
dcs.write(5, "out", kind="CT")  # mistake
dcs.write(array, 5, kind="CT")  # mistake
dcs.plan(array, kind="CT", overwrite=True)  # mistake
volume.derive(array, descripton="x")  # mistake
volume.derive(array).write("out", kind="CTT")  # mistake
volume.array.no_such_method()  # mistake
volume.view("ohiv")  # mistake
dcs.read("ct", values="raw")  # mistake
dcs.check("ct", against=5)  # mistake
dcs.open_volume(array, space="ras")  # mistake
dcs.write(array, "out", kind="CT").series_id  # mistake
dcs.read("ct", lazy=True).array.mean()  # mistake
