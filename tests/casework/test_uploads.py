"""A file is looked through wherever it can hide something, genuine ones pass, and looking costs little."""

import base64
import io
import threading
import time
import zlib

import pytest
import typst
import vl_convert
from PIL import Image, ImageFile

from assay.casework import pdf_names
from assay.casework.uploads import Unfit, media_type
from assay.web.pictures import shown_bytes
from tests.casework.files_sent import a_packed_pdf, a_pdf, a_picture, a_stream

SCRIPT = b"4 0 << /S /JavaScript /JS (app.alert\\(1\\)) >>"
ONCE, TWICE = zlib.compress(SCRIPT), zlib.compress(zlib.compress(SCRIPT))
OBJECTS = b"/Type /ObjStm /N 1 /First 4 "
FLATE = b"/Filter /FlateDecode "
FLATE_TWICE = b"/Filter [ /FlateDecode /FlateDecode ] "
# Each byte as its difference from the one above it, in rows of one byte that each say so first.
DIFFERENCES = zlib.compress(b"".join(bytes([2, (b - a) % 256]) for a, b in zip(b"\0" + SCRIPT, SCRIPT, strict=False)))

SCRIPTS = {
    "a comment that says stream": a_stream(OBJECTS + b"%stream\n" + FLATE, ONCE),
    "a comment that says endstream": a_stream(OBJECTS + b"%endstream\n" + FLATE, ONCE),
    "a string that says stream": a_stream(OBJECTS + b"/X (stream\n) " + FLATE, ONCE),
    "a string that ends the dictionary": a_stream(OBJECTS + rb"/X (\) (a) >> stream" + b"\n)" + FLATE, ONCE),
    "a nested dictionary": a_stream(b"/X << /Y << >> >> " + OBJECTS + FLATE, ONCE),
    "no type": a_stream(b"/N 1 /First 4 " + FLATE, ONCE),
    "nothing that says objects": a_stream(FLATE, ONCE),
    "no filter": a_stream(OBJECTS, SCRIPT),
    "a list of one filter": a_stream(OBJECTS + b"/Filter[/FlateDecode]", ONCE),
    "a lone carriage return": a_stream(OBJECTS + FLATE, ONCE, word=b"stream\r"),
    "a blank behind stream": a_stream(OBJECTS + FLATE, ONCE, word=b"stream \r\n"),
    "a comment before stream": a_stream(OBJECTS + FLATE, ONCE, word=b"%endobj\nstream\n"),
    "an object in a comment": b"%" + a_stream(OBJECTS + FLATE, ONCE).replace(b"\n", b" ", 1),
    "an object in a string": b"9 0 obj (" + a_stream(OBJECTS + FLATE, ONCE) + b")",
    "a wrong checksum": a_stream(OBJECTS + FLATE, ONCE[:-4] + b"\0\0\0\0"),
    "a disguised name": a_stream(OBJECTS + FLATE, zlib.compress(SCRIPT.replace(b"/Java", b"/#4A#61va"))),
    "a script across two windows": a_stream(OBJECTS + FLATE, zlib.compress(b" " * (64 * 1024 - 15) + SCRIPT)),
    "a script behind a text": a_stream(FLATE, zlib.compress(b"(a \\( text) Tj " + SCRIPT)),
}

OPAQUE = {
    "packed twice": a_stream(OBJECTS + FLATE_TWICE, TWICE),
    "packed twice behind a comment": a_stream(OBJECTS + b"%stream\n%endstream\n" + FLATE_TWICE, TWICE),
    "packed twice behind a comment that ends the object": a_stream(
        OBJECTS + b"%stream\n%endstream endobj 6 0 obj <<\n" + FLATE_TWICE, TWICE
    ),
    "packed twice behind a word": a_stream(OBJECTS + b"endobj " + FLATE_TWICE, TWICE),
    "packed twice and no type": a_stream(b"/N 1 /First 4 " + FLATE_TWICE, TWICE),
    "packed twice in disguise": a_stream(b"/N 1 /F#69rst 4 " + FLATE_TWICE, TWICE),
    "two filters": a_stream(OBJECTS + FLATE + FLATE, ONCE),
    "a short name of a filter": a_stream(OBJECTS + b"/F /Fl ", ONCE),
    "a filter elsewhere": a_stream(OBJECTS + b"/Filter 7 0 R ", ONCE),
    "a picture's filter": a_stream(OBJECTS + b"/Filter /DCTDecode ", a_picture("JPEG")),
    "differences": a_stream(OBJECTS + FLATE + b"/DecodeParms << /Predictor 12 /Columns 1 >>", DIFFERENCES),
    "differences by a short name": a_stream(OBJECTS + FLATE + b"/DP << /Predictor 12 /Columns 1 >>", DIFFERENCES),
    "a type elsewhere": b"8 0 obj /ObjStm endobj " + a_stream(b"/Type 8 0 R " + FLATE_TWICE, TWICE),
    "a word behind stream": a_stream(OBJECTS + FLATE, ONCE, word=b"stream x\n"),
    "not packed as it says": a_stream(OBJECTS + FLATE, b"\xff" * 40),
}


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_is_found_wherever_a_reader_finds_it(name):
    with pytest.raises(Unfit, match="JavaScript"):
        media_type(a_pdf(objects=SCRIPTS[name]))


@pytest.mark.parametrize("name", OPAQUE)
def test_objects_packed_in_any_way_but_one_are_refused(name):
    with pytest.raises(Unfit, match="cannot be checked"):
        media_type(a_pdf(objects=OPAQUE[name]))


def _deflated(content, dictionary=b""):
    return a_pdf(objects=a_stream(dictionary + FLATE, zlib.compress(content)))


def _drawn(mode):
    file = io.BytesIO()
    Image.effect_noise((60, 40), 80).convert(mode).save(file, "PDF")
    return file.getvalue()


def _typeset():
    page = "= Invoice 17\nHTML/JavaScript, 2 days\n#table(columns: 2)[Goods][Price][Bag][120.00]\n" * 20
    return bytes(typst.compile(page.encode(), format="pdf"))


def _chart():
    mark = {"mark": "bar", "encoding": {"x": {"field": "a"}, "y": {"field": "b", "type": "quantitative"}}}
    return vl_convert.vegalite_to_pdf({"data": {"values": [{"a": "x", "b": 1}, {"a": "y", "b": 3}]}, **mark})


ROWS = zlib.compress(b"\2\1\0\0\0" * 8)
GENUINE = {
    "a typeset page": _typeset,
    "a chart": _chart,
    **{f"a scan ({mode})": lambda mode=mode: _drawn(mode) for mode in ("1", "L", "P", "RGB", "CMYK")},
    "packed objects": lambda: a_packed_pdf(b"1 0 << /Type /Page >>", b"[ /FlateDecode ]"),
    "a page that speaks of scripts": lambda: _deflated(b"BT (HTML/JavaScript \\(2 days\\), pre/Launch) Tj ET"),
    "a page in letters": lambda: a_pdf(
        objects=a_stream(
            b"/Filter [ /ASCII85Decode /FlateDecode ]", base64.a85encode(zlib.compress(b"BT ET"), adobe=True)[2:]
        )
    ),
    "a table of references": lambda: a_pdf(
        objects=a_stream(
            b"/Type /XRef /W [1 2 1] /DecodeParms << /Columns 4 /Predictor 12 >> /Index [0 8] " + FLATE, ROWS
        )
    ),
    "an outline in front of a picture": lambda: a_pdf(
        objects=b"3 0 obj\n<< /Type /Outlines /First 4 0 R /Last 4 0 R >>\nendobj\n"
        + a_stream(b"/Subtype /Image /Filter /DCTDecode ", a_picture("JPEG"))
    ),
    "a signature in front of packed objects": lambda: a_pdf(
        objects=b"3 0 obj\n<< /Type /Sig /Filter /Adobe.PPKLite /Contents <00> >>\nendobj\n"
        + a_stream(OBJECTS + FLATE, zlib.compress(b"1 0 << >>"))
    ),
    "a page whose data are damaged": lambda: a_pdf(objects=a_stream(FLATE, b"\xff" * 40)),
    "a large scan": lambda: _deflated(b"\xff" * (pdf_names.MOST_UNPACKED + 1), b"/Subtype /Image "),
}


@pytest.mark.parametrize("name", GENUINE)
def test_genuine_files_are_taken(name):
    assert media_type(GENUINE[name]()) == "application/pdf"


def test_a_page_that_unpacks_to_far_more_than_it_is_is_refused():
    with pytest.raises(Unfit, match="unpacks to far more"):
        media_type(_deflated(b" " * (pdf_names.MOST_UNPACKED + 1)))


@pytest.mark.parametrize("unit", [b"1 0 obj << ", b"%obj", b"1 0 obj (", b"1 0 obj << () ", b"1 0 obj <", b"stream\n"])
def test_what_takes_long_to_look_through_is_refused(unit, monkeypatch):
    monkeypatch.setattr(pdf_names, "_MOST_STEPS", 10_000)
    monkeypatch.setattr(pdf_names, "_MOST_STREAMS", 10_000)
    with pytest.raises(Unfit, match="cannot be checked"):
        media_type(a_pdf(objects=unit * 20_000))


def test_a_page_that_is_full_of_names_that_act_is_no_page():
    with pytest.raises(Unfit, match="XFA"):
        media_type(_deflated(b"(/XFA)" * 100))


def _loaded(monkeypatch, wait_seconds=0.0):
    """How many pictures are unpacked at the same time, each time one is."""
    seen, now, lock, load = [], [0], threading.Lock(), ImageFile.ImageFile.load

    def counted(picture):
        with lock:
            now[0] += 1
            seen.append(now[0])
        time.sleep(wait_seconds)
        try:
            return load(picture)
        finally:
            with lock:
                now[0] -= 1

    monkeypatch.setattr(ImageFile.ImageFile, "load", counted)
    return seen


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_a_picture_that_is_refused_for_what_follows_it_is_not_unpacked(kind, monkeypatch):
    content, seen = a_picture(kind), _loaded(monkeypatch)
    with pytest.raises(Unfit, match="followed by other data"):
        media_type(content + b"#!/bin/sh")
    assert not seen
    media_type(content)
    assert seen


@pytest.mark.parametrize("look", [media_type, lambda content: shown_bytes(io.BytesIO(content))])
def test_no_more_than_two_pictures_are_unpacked_at_once(look, monkeypatch):
    content, seen = a_picture("PNG"), _loaded(monkeypatch, wait_seconds=0.05)
    threads = [threading.Thread(target=look, args=(content,)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) >= 6 and max(seen) <= 2
