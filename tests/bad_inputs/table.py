"""Frequent mistakes, one a row, each with its exit code.

Each row is one command line. It runs in a folder filled by `files.make_files`, without ``out``.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["TABLE", "Mistake"]

USAGE, REFUSED, FAILED = 2, 3, 4


@dataclass(frozen=True, slots=True)
class Mistake:
    """One command line that must not succeed."""

    what: str
    words: str
    exit: int


CT = "--kind ct --spacing 1 1 2"
MOVIE = "write movie.npy out --axes tzyx --spacing 1 1 2"

TABLE: tuple[Mistake, ...] = (
    # ---- the command line itself
    Mistake("a command that does not exist", "wirte good.npy out", USAGE),
    Mistake("an option that does not exist", f"write good.npy out {CT} --compres rle", USAGE),
    Mistake("no output", f"write good.npy {CT}", USAGE),
    Mistake("no kind", "write good.npy out --spacing 1 1 2", USAGE),
    Mistake(
        "a word where a number belongs", "write good.npy out --kind ct --spacing 1 1 thick", USAGE
    ),
    Mistake("five cosines", f"write good.npy out {CT} --direction 1 0 0 0 1", USAGE),
    Mistake("a setting without a value", f"write good.npy out {CT} --set PatientID", USAGE),
    Mistake(
        "one keyword set twice",
        f"write good.npy out {CT} --set PatientID=1 --set PatientID=2",
        USAGE,
    ),
    Mistake("times in words", f"{MOVIE} --kind mr --times soon", USAGE),
    Mistake("a time that is none", f"write good.npy out {CT} --now yesterday", USAGE),
    Mistake("a check of nothing", "check", USAGE),
    # ---- the kind and the options
    Mistake(
        "a kind that does not exist", "write good.npy out --kind xray --spacing 1 1 2", REFUSED
    ),
    Mistake(
        "a kind that no array can fill", "write good.npy out --kind rtdose --spacing 1 1 2", REFUSED
    ),
    Mistake(
        "a kind without what it demands",
        "write good.npy out --kind enhancedmr --spacing 1 1 2",
        REFUSED,
    ),
    Mistake("a companion of integers", f"write good.npy out {CT} --companion", REFUSED),
    Mistake(
        "segments of what is no label map", f"write good.npy out {CT} --segments gone.toml", REFUSED
    ),
    Mistake(
        "a unit that is no code", f"write good.npy out {CT} --units Hounsfield-units-of-CT", REFUSED
    ),
    Mistake("colour as CT", f"write colour.npy out {CT} --axes zyxc", REFUSED),
    Mistake("a policy that does not exist", f"write good.npy out {CT} --values best", REFUSED),
    Mistake(
        "a bound that is not positive", f"write floats.npy out {CT} --values max-error=-1", REFUSED
    ),
    Mistake("a clip range upside down", f"write good.npy out {CT} --clip 10 -10", REFUSED),
    Mistake("no workers", f"write good.npy out {CT} --workers 0", REFUSED),
    Mistake("a UID with a leading zero", f"write good.npy out {CT} --uid 1.02.3", REFUSED),
    Mistake(
        "a UID of a level that has none",
        f"write good.npy out {CT} --uid SOPInstanceUID=1.2.3",
        REFUSED,
    ),
    # ---- the geometry
    Mistake("no geometry at all", "write good.npy out --kind ct", REFUSED),
    Mistake("a spacing of zero", "write good.npy out --kind ct --spacing 1 1 0", REFUSED),
    Mistake("a negative spacing", "write good.npy out --kind ct --spacing 1 -1 2", REFUSED),
    Mistake(
        "a spacing that is not a number", "write good.npy out --kind ct --spacing 1 1 nan", REFUSED
    ),
    Mistake("an origin at infinity", f"write good.npy out {CT} --origin inf 0 0", REFUSED),
    Mistake(
        "an origin too far to print",
        f"write good.npy out {CT} --origin 0 0 1234567890123.4567",
        REFUSED,
    ),
    Mistake(
        "axes not at right angles", f"write good.npy out {CT} --direction 1 0 0 0.1 1 0", REFUSED
    ),
    Mistake(
        "a sheared affine", "write good.npy out --kind ct --affine sheared.txt --space RAS", REFUSED
    ),
    Mistake(
        "an affine without its space", "write good.npy out --kind ct --affine affine.txt", REFUSED
    ),
    Mistake(
        "a space that does not exist",
        "write good.npy out --kind ct --affine affine.txt --space MNI",
        REFUSED,
    ),
    Mistake(
        "an affine of 3 x 3",
        "write good.npy out --kind ct --affine small.json --space RAS",
        REFUSED,
    ),
    Mistake(
        "an affine file that is not there",
        "write good.npy out --kind ct --affine gone.txt --space RAS",
        REFUSED,
    ),
    Mistake("axes that do not fit", f"write good.npy out {CT} --axes xy", REFUSED),
    # ---- the file
    Mistake("an input that is not there", f"write gone.npy out {CT}", REFUSED),
    Mistake("an input of no known format", f"write notes.docx out {CT}", REFUSED),
    Mistake("a file that is not what its name says", "write text.nrrd out --kind ct", REFUSED),
    Mistake("a file cut off", f"write cut.npy out {CT}", REFUSED),
    Mistake("a file of zero bytes", f"write nothing.npy out {CT}", REFUSED),
    Mistake("an array without voxels", f"write empty.npy out {CT}", REFUSED),
    Mistake("an array of one axis", f"write line.npy out {CT}", REFUSED),
    Mistake("time points without a name for their axis", f"write movie.npy out {CT}", REFUSED),
    Mistake("time points for a kind without time", f"{MOVIE} --kind multiframesc", REFUSED),
    Mistake("times for other volumes", f"{MOVIE} --kind mr --times 0,1,2", REFUSED),
    Mistake("times that do not rise", f"{MOVIE} --kind mr --times 3,3", REFUSED),
    Mistake("b-values without directions", f"{MOVIE} --kind mr --bvals affine.txt", USAGE),
    Mistake(
        "a time point beyond the last",
        f"write movie.npy out {CT} --axes tzyx --time-point 7",
        REFUSED,
    ),
    Mistake("complex numbers", f"write complex.npy out {CT}", REFUSED),
    Mistake("a pickle", f"write pickle.npy out {CT}", REFUSED),
    Mistake("texts", f"write texts.npy out {CT}", REFUSED),
    # ---- the values
    Mistake("NaN", f"write nan.npy out {CT}", REFUSED),
    Mistake("infinity", f"write infinite.npy out {CT}", REFUSED),
    Mistake("floats asked to be exact", f"write floats.npy out {CT} --values exact", REFUSED),
    Mistake("integers beyond 16 bits", f"write wide.npy out {CT} --values exact", REFUSED),
    Mistake(
        "three digits of too large a range", f"write large.npy out {CT} --values digits=3", REFUSED
    ),
    Mistake(
        "a bound 16 bits cannot keep",
        f"write large.npy out {CT} --values max-error=0.0001",
        REFUSED,
    ),
    # ---- the attributes
    Mistake("a keyword misspelt", f"write good.npy out {CT} --set PatientNane=Doe", REFUSED),
    Mistake(
        "an attribute the writer owns", f"write good.npy out {CT} --set PixelSpacing=1", REFUSED
    ),
    Mistake(
        "a date of a month that does not exist",
        f"write good.npy out {CT} --set StudyDate=20241301",
        REFUSED,
    ),
    Mistake(
        "a text too long for its VR", f"write good.npy out {CT} --set StudyID={'1' * 17}", REFUSED
    ),
    Mistake(
        "a metadata file that is not there", f"write good.npy out {CT} --meta gone.toml", REFUSED
    ),
    Mistake(
        "a metadata file that is broken", f"write good.npy out {CT} --meta broken.toml", REFUSED
    ),
    Mistake(
        "a metadata file of no known format", f"write good.npy out {CT} --meta notes.docx", REFUSED
    ),
    # ---- the target
    Mistake("a target with other things in it", f"write good.npy full {CT}", REFUSED),
    Mistake(
        "a target with other things, overwritten", f"write good.npy full {CT} --overwrite", REFUSED
    ),
    Mistake("a target that is a file", f"write good.npy good.npy {CT}", REFUSED),
    Mistake("a plan for a target that is taken", f"write good.npy full {CT} --dry-run", REFUSED),
    Mistake("a target below a file", f"write good.npy good.npy/out {CT}", FAILED),
    # ---- reading
    Mistake("a list of a folder without DICOM", "list full", REFUSED),
    Mistake("a list of a folder that is not there", "list gone", REFUSED),
    Mistake("reading a folder without DICOM", "read full out.npy", REFUSED),
    Mistake("reading a series that is not there", "read series out.npy --series 1.2.3", REFUSED),
    Mistake("reading to no known format", "read series out.xyz", REFUSED),
    Mistake("reading to a file that exists", "read series good.npy", REFUSED),
    Mistake("reading a file cut off", "read cut out.npy", FAILED),
    Mistake("tags of what is not DICOM", "tags good.npy", REFUSED),
    Mistake("a check of a folder without DICOM", "check full", REFUSED),
    Mistake(
        "a check against an input that is not there", "check series --against gone.npy", REFUSED
    ),
    Mistake("an explanation of no check", "check --explain XXX-999", REFUSED),
    Mistake("a demo of another dtype", "demo out float16", REFUSED),
)
