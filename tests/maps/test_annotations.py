"""Annotations of other programs become maps: each format, overlaps, gaps, turned photos and damaged files."""

from __future__ import annotations

import base64
import io
import json
import zipfile

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from PIL import Image

from maskstyle.errors import ImageError, SettingsError
from maskstyle.maps import load_annotation, load_map, save_map
from maskstyle.maps.annotations.reading import fit_annotation

SQUARE = [[1, 1], [4, 1], [4, 3], [1, 3]]
"""Rows 1 and 2, columns 1 to 3."""

SIZE = (5, 6)


def covered(name, made):
    """Return the pixels of a region by its name."""
    return made.map.labels == made.map.names.index(name)


def square():
    mask = np.zeros(SIZE, bool)
    mask[1:3, 1:4] = True
    return mask


@pytest.fixture
def write(tmp_path):
    """Return a function that writes JSON, text or bytes to a file."""

    def write(content, name="photo.json"):
        path = tmp_path / name
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return path

    return write


def shape(label="cup", points=SQUARE, kind="polygon", **more):
    return {"label": label, "points": points, "shape_type": kind, **more}


def labelme(*shapes, **more):
    return {"shapes": list(shapes), "imageHeight": SIZE[0], "imageWidth": SIZE[1], "imageData": None, **more}


def coco(*annotations, images=None, **more):
    images = images or [{"id": 7, "file_name": "photos/a.jpg", "height": SIZE[0], "width": SIZE[1]}]
    return {
        "images": images,
        "categories": [{"id": 1, "name": "cup"}, {"id": 2, "name": "table"}],
        "annotations": [{"image_id": 7, "category_id": 1, **each} for each in annotations],
        **more,
    }


def runs(mask):
    """Return the lengths of the runs down the columns, those outside first."""
    flat = mask.T.ravel()
    starts = np.flatnonzero(np.diff(flat.astype(int), prepend=0))
    return np.diff([0, *starts.tolist(), flat.size]).tolist()


def cvat(shapes, size=SIZE):
    return (
        f'<annotations><version>1.1</version><image id="0" name="a.jpg" width="{size[1]}" height="{size[0]}">'
        f"{shapes}</image></annotations>"
    )


VOC_SIZE = f"<size><width>{SIZE[1]}</width><height>{SIZE[0]}</height><depth>3</depth></size>"
VOC_BOX = "<object><name>cup</name><bndbox><xmin>2</xmin><ymin>2</ymin><xmax>4</xmax><ymax>3</ymax></bndbox></object>"

SQUARES = {
    "labelme polygon": labelme(shape()),
    "labelme rectangle": labelme(shape(points=[[4, 3], [1, 1]], kind="rectangle")),
    "labelme rectangle of four corners": labelme(shape(kind="rectangle")),
    "COCO polygon": coco({"segmentation": [[1, 1, 4, 1, 4, 3, 1, 3]]}),
    "COCO box": coco({"bbox": [1, 1, 3, 2]}),
    "COCO runs": coco({"segmentation": {"size": [5, 6], "counts": [6, 2, 3, 2, 3, 2, 12]}, "iscrowd": 1}),
    "COCO compressed": coco({"segmentation": {"size": [5, 6], "counts": "6230009"}}),
    "CVAT polygon": cvat('<polygon label="cup" points="1,1;4,1;4,3;1,3" z_order="0"/>'),
    "CVAT box": cvat('<box label="cup" xtl="1" ytl="1" xbr="4" ybr="3"/>'),
    "CVAT turned box": cvat('<box label="cup" xtl="1.5" ytl="0.5" xbr="3.5" ybr="3.5" rotation="90"/>'),
    "CVAT mask": cvat('<mask label="cup" rle="0, 6" left="1" top="1" width="3" height="2"/>'),
    "VOC box": f"<annotation>{VOC_SIZE}{VOC_BOX}</annotation>",
    "UTF-16 XML": f'<?xml version="1.0" encoding="utf-16"?><annotation>{VOC_SIZE}{VOC_BOX}</annotation>'.encode(
        "utf-16"
    ),
}


@pytest.mark.parametrize("kind", SQUARES)
def test_a_square_in_every_format(write, kind):
    made = load_annotation(write(SQUARES[kind]))
    assert made.map.size == SIZE
    assert made.map.names == ("background", "cup")
    assert_array_equal(covered("cup", made), square())


def test_the_compressed_runs_of_coco(write):
    mask = np.random.default_rng(3).random((40, 30)) < 0.5
    mask[:, 10:20] = False
    texts, counts = [], runs(mask)
    for place, count in enumerate(counts):
        value = count - counts[place - 2] if place > 2 else count
        while True:
            bits, value = value & 31, value >> 5
            more = value != (-1 if bits & 16 else 0)
            texts.append(chr(48 + bits + 32 * more))
            if not more:
                break
    images = [{"id": 7, "file_name": "a.jpg", "height": 40, "width": 30}]
    made = load_annotation(write(coco({"segmentation": {"size": [40, 30], "counts": "".join(texts)}}, images=images)))
    assert_array_equal(covered("cup", made), mask)


def test_circles_and_ellipses_are_round(write):
    circle = labelme(shape(points=[[10, 10], [15, 10]], kind="circle"), imageHeight=20, imageWidth=20)
    ellipse = cvat('<ellipse label="cup" cx="10" cy="10" rx="5" ry="5"/>', size=(20, 20))
    across, down = np.mgrid[:20, :20] + 0.5
    expected = np.hypot(across - 10, down - 10) < 4.99
    assert_array_equal(covered("cup", load_annotation(write(circle))), expected)
    assert_array_equal(covered("cup", load_annotation(write(ellipse, "a.xml"))), expected)


def test_a_mask_of_labelme(write):
    picture = io.BytesIO()
    Image.fromarray(np.full((2, 3), 255, np.uint8)).save(picture, "PNG")
    mask = base64.b64encode(picture.getvalue()).decode()
    made = load_annotation(write(labelme(shape(points=[[1, 1], [3, 2]], kind="mask", mask=mask))))
    assert_array_equal(covered("cup", made), square())


def test_the_size_of_labelme_comes_from_its_picture_or_is_given(write):
    picture = io.BytesIO()
    Image.new("RGB", SIZE[::-1]).save(picture, "PNG")
    sized = labelme(shape(), imageHeight=None, imageWidth=None)
    inside = {**sized, "imageData": base64.b64encode(picture.getvalue()).decode()}
    assert load_annotation(write(inside)).map.size == SIZE
    assert load_annotation(write(sized), size=SIZE).map.size == SIZE
    with pytest.raises(ImageError, match="imageHeight"):
        load_annotation(write(sized))


def test_overlaps(write):
    large = shape("table", [[0, 0], [6, 0], [6, 5], [0, 5]])
    path = write(labelme(shape(), large))
    hidden = load_annotation(path)
    assert hidden.map.names == ("table",)
    assert "cup" in hidden.notes[0]
    for top, names in (("smallest", ("table", "cup")), ("largest", ("table",))):
        assert load_annotation(path, top=top).map.names == names
    assert load_annotation(write(labelme(large, shape()))).map.names == ("table", "cup")


def test_shapes_of_one_name_are_one_region_and_z_order_counts(write):
    made = load_annotation(
        write(
            cvat(
                '<box label="cup" xtl="0" ytl="0" xbr="2" ybr="5" z_order="1"/>'
                '<box label="table" xtl="0" ytl="0" xbr="6" ybr="5" z_order="0"/>'
                '<box label="cup" xtl="5" ytl="0" xbr="6" ybr="5" z_order="1"/>'
            )
        )
    )
    assert_array_equal(covered("cup", made)[0], [True, True, False, False, False, True])
    assert made.map.names == ("table", "cup")


def test_one_image_of_many(write):
    images = [{"id": each, "file_name": f"photos/{each}.jpg", "height": 5, "width": 6} for each in (7, 8)]
    box = {"segmentation": [], "bbox": [0, 0, 6, 5]}
    path = write(coco(box, {**box, "image_id": 8, "category_id": 2}, images=images))
    for wanted in ({"image": "8.jpg"}, {"image": "photos/8.jpg"}, {"image": "8"}, {"like": "elsewhere/8.png"}):
        assert load_annotation(path, **wanted).map.names == ("table",)
    for wanted in ({}, {"image": "9"}):
        with pytest.raises(ImageError, match=r"7\.jpg and photos/8\.jpg.*choose one"):
            load_annotation(path, **wanted)


@pytest.mark.parametrize("values", [(0, 255), (0, 1)])
def test_a_folder_of_masks(tmp_path, values):
    for place, (rows, columns) in {2: (slice(0, 5), slice(0, 3)), 10: (slice(0, 2), slice(0, 3))}.items():
        pixels = np.full(SIZE, values[0], np.uint8)
        pixels[rows, columns] = values[1]
        Image.fromarray(pixels).save(tmp_path / f"{place}.png")
    (tmp_path / "metadata.csv").write_text("id,area\n2,15\n10,6\n")
    made = load_annotation(tmp_path)
    assert set(made.map.names) == {"mask2", "mask10", "background"}
    assert covered("mask10", made).sum() == 6
    assert covered("mask2", made).sum() == 9
    assert covered("background", made).sum() == 15
    several = load_annotation(tmp_path / "10.png", tmp_path / "2.png")
    assert_array_equal(several.map.labels, made.map.labels)
    assert "mask10" not in load_annotation(tmp_path, top="largest").map.names


def test_masks_of_segment_anything_as_json(write):
    one = {"segmentation": {"size": [5, 6], "counts": [6, 2, 3, 2, 3, 2, 12]}, "area": 6}
    for record in ([one], {"image": {"image_id": 3, "width": 6, "height": 5}, "annotations": [one]}):
        made = load_annotation(write(record))
        assert_array_equal(covered("mask0", made), square())


def test_classes_of_voc_without_their_outlines(tmp_path):
    indices = np.zeros(SIZE, np.uint8)
    indices[:, 3:], indices[:, 2] = 15, 255
    picture = Image.fromarray(indices).convert("P")
    picture.putpalette([0, 0, 0, 128, 0, 0, 0, 128, 0, 128, 128, 0, *([7] * 756)])
    picture.save(tmp_path / "voc.png")
    made = load_annotation(tmp_path / "voc.png")
    assert set(made.map.names) == {"background", "person"}
    assert covered("person", made).sum() in (15, 20)
    assert "255" in made.notes[0]


def png(alpha):
    pixels = np.zeros((*alpha.shape, 4), np.uint8)
    pixels[..., 3] = alpha
    held = io.BytesIO()
    Image.fromarray(pixels).save(held, "PNG")
    return held.getvalue()


def ora(write, stack, **members):
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("mimetype", "image/openraster")
        archive.writestr("stack.xml", stack)
        for name, data in members.items():
            archive.writestr(f"data/{name}.png", data)
    return write(held.getvalue(), "layers.ora")


def test_layers_of_openraster(write):
    layers = (
        '<stack x="1" y="1"><layer name="cup" src="data/one.png"/></stack>'
        '<layer name="note" src="data/all.png" visibility="hidden"/><layer name="table" src="data/all.png"/>'
    )
    stack = f'<?xml version="1.0"?><image w="6" h="5"><stack>{layers}</stack></image>'
    path = ora(write, stack, one=png(np.full((2, 3), 200, np.uint8)), all=png(np.full(SIZE, 255, np.uint8)))
    made = load_annotation(path)
    assert made.map.names == ("table", "cup")
    assert_array_equal(covered("cup", made), square())
    assert made.notes == (f"1 layer of {path} is hidden and is left out",)


def test_layers_of_openraster_that_show_only_in_part(write):
    layers = (
        '<layer name="shade" src="data/all.png" composite-op="svg:src-atop"/>'
        '<layer name="cup" src="data/one.png" x="1" y="1"/><layer name="clear" src="data/all.png" opacity="0.0"/>'
        '<layer name="cup" src="data/one.png" x="-2" y="4"/>'
        '<stack visibility="hidden"><layer src="data/all.png"/></stack>'
        '<layer name="eraser" src="data/all.png" composite-op="svg:dst-out"/><layer name="path" src="data/a.svg"/>'
    )
    stack = f'<?xml version="1.0"?><image w="6" h="5"><stack>{layers}</stack></image>'
    path = ora(write, stack, one=png(np.full((2, 3), 60, np.uint8)), all=png(np.full(SIZE, 255, np.uint8)))
    made = load_annotation(path)
    shaded = square()
    shaded[4, 0] = True
    assert_array_equal(covered("shade", made), shaded)
    assert sorted(note.partition(f" of {path}")[2].lstrip(": ") for note in made.notes) == [
        "each is hidden and is left out",
        "erases those below it and is left out; merge it down to use it",
        "have the name cup; those of one name are one region: rename them to tell them apart",
        "is hidden by other shapes; set `top` to smallest to see small shapes",
        "is no PNG and is left out; rasterize it to use it",
        "reaches beyond the image and is cut off",
    ]


def test_a_damaged_layer_of_openraster(write):
    stack = '<image w="6" h="5"><stack><layer name="cup" src="data/cup.png"/></stack></image>'
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("stack.xml", stack)
        archive.writestr("data/cup.png", bytes(range(256)))
    data = held.getvalue()
    start = data.index(b"data/cup.png") + len("data/cup.png")
    damaged = write(data[:start] + b"\xff" * 8 + data[start + 8 :], "layers.ora")
    with pytest.raises(ImageError, match=r"layers\.ora is damaged \(.*\); save it again"):
        load_annotation(damaged)


def test_layers_of_photoshop(tmp_path):
    psd_tools = pytest.importorskip("psd_tools")
    document = psd_tools.PSDImage.new("RGB", SIZE[::-1])
    document.create_pixel_layer(Image.new("RGBA", SIZE[::-1], (9, 9, 9, 255)), name="table")
    document.create_pixel_layer(Image.new("RGBA", (3, 2), (9, 9, 9, 255)), name="cup", top=1, left=1)
    document.save(tmp_path / "layers.psd")
    made = load_annotation(tmp_path / "layers.psd")
    assert made.map.names == ("table", "cup")
    assert_array_equal(covered("cup", made), square())


def test_layers_of_photoshop_that_show_only_in_part(tmp_path):
    psd_tools = pytest.importorskip("psd_tools")
    document = psd_tools.PSDImage.new("CMYK", SIZE[::-1], depth=16)

    def layer(name, size=SIZE[::-1], alpha=255, **options):
        return document.create_pixel_layer(Image.new("RGBA", size, (9, 9, 9, alpha)), name=name, **options)

    layer("table")
    layer("cup", (3, 2), 60, top=1, left=1)
    layer("shade").clipping = True
    document.create_group([layer("cover"), layer("lid")]).visible = False
    layer("clear").opacity = 0
    masked = layer("spoon")
    masked.remove_mask()
    masked.create_mask(Image.new("L", (2, 9), 255), top=3, left=-1)
    document.save(tmp_path / "layers.psd")
    made = load_annotation(tmp_path / "layers.psd")
    assert_array_equal(covered("shade", made), square())
    assert np.argwhere(covered("spoon", made)).tolist() == [[3, 0], [4, 0]]
    assert made.notes[0] == f"3 layers of {tmp_path / 'layers.psd'}: each is hidden and is left out"
    psd_tools.PSDImage.frompil(Image.new("RGB", (3, 2))).save(tmp_path / "flat.psd")
    with pytest.raises(ImageError, match="it is flattened to one image; save it with its layers"):
        load_annotation(tmp_path / "flat.psd")


def test_photoshop_files_need_an_extra(write, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "psd_tools", None)
    with pytest.raises(SettingsError, match=r"maskstyle\[psd\]"):
        load_annotation(write(b"8BPS\0\1", "layers.psd"))


def test_what_has_no_area_is_noted(write):
    made = load_annotation(
        write(labelme(shape(), shape("rim", [[0, 0], [3, 3]], "line"), shape("dot", [[1, 1]], "point")))
    )
    assert [note.partition(".json ")[2] for note in made.notes] == [
        "is a line, has no area and is left out",
        "is a point, has no area and is left out",
    ]


def test_shapes_beyond_the_image_are_cut_and_noted(write):
    made = load_annotation(write(labelme(shape(points=[[-4, 1], [4, 1], [4, 3], [-4, 3]]))))
    assert covered("cup", made).sum() == 8
    assert "beyond the image" in made.notes[0]
    slight = load_annotation(write(labelme(shape(points=[[-1, 1], [4, 1], [4, 3], [-1, 3]]))))
    assert slight.notes == ()


def test_a_map_keeps_its_names_in_its_file(write, tmp_path):
    made = load_annotation(write(labelme(shape("cup, of tea"))))
    save_map(tmp_path / "map.png", made.map)
    again = load_map(tmp_path / "map.png")
    assert again.names == ("background", "cup of tea")
    assert again.colors == made.map.colors
    assert_array_equal(again.labels, made.map.labels)


def test_a_name_has_one_color_in_two_maps(write):
    first = load_annotation(write(labelme(shape("cat"), shape("sky", [[0, 4], [6, 4], [6, 5], [0, 5]])))).map
    second = load_annotation(write(labelme(shape("cat")))).map
    assert first.colors[first.names.index("cat")] == second.colors[second.names.index("cat")]
    assert second.colors[second.names.index("background")] == (0, 0, 0)


def test_odd_labels_are_names(write):
    odd = coco({"bbox": [0, 0, 1, 1], "category_id": [2]}, {"bbox": [2, 2, 1, 1], "category_id": "\udc00"})
    assert set(load_annotation(write(odd)).map.names) == {"[2]", "?", "background"}
    assert set(load_annotation(write(labelme(shape(None)))).map.names) == {"unnamed", "background"}


def test_too_many_names(write):
    strips = [shape(f"s{at}", [[at, 0], [at + 1, 0], [at + 1, 5 + at // 60], [at, 5 + at // 60]]) for at in range(70)]
    path = write(labelme(*strips, imageWidth=70, imageHeight=6))
    with pytest.raises(ImageError, match="63 or less"):
        load_annotation(path)
    made = load_annotation(path, regions=10)
    assert len(made.map.names) == 11
    assert "s69" in made.map.names
    assert "background, as `regions` is 10" in made.notes[0]


@pytest.fixture
def turned(tmp_path):
    """Return a function that writes a photo of a stored size with an EXIF orientation."""

    def turned(size, orientation):
        exif = Image.Exif()
        exif[0x0112] = orientation
        Image.new("RGB", size[::-1]).save(tmp_path / "photo.jpg", exif=exif)
        return tmp_path / "photo.jpg"

    return turned


def test_a_map_turns_with_its_photo(write, turned):
    made = load_annotation(write(labelme(shape()))).map
    fitted, notes = fit_annotation(made, turned(SIZE, 6), name="a")
    assert_array_equal(fitted.labels, np.rot90(made.labels, -1))
    assert "turned with it" in notes[0]
    as_shown, notes = fit_annotation(made, turned(SIZE[::-1], 6), name="a")
    assert_array_equal(as_shown.labels, made.labels)
    assert "already fits" in notes[0]


def test_where_the_aspect_does_not_say_how_a_photo_was_shown(write, turned):
    made = load_annotation(write(labelme(shape()))).map
    fitted, notes = fit_annotation(made, turned(SIZE, 3), name="a")
    assert_array_equal(fitted.labels, made.labels)
    assert "set `map_orientation` to stored" in notes[0]
    fitted, _ = fit_annotation(made, turned(SIZE, 3), name="a", drawn_on="stored")
    assert_array_equal(fitted.labels, np.rot90(made.labels, 2))


BOMB = '<!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c "&b;&b;&b;">]><annotation><name>&c;</name></annotation>'

DAMAGED = {
    "no JSON": ('{"shapes": [', "damaged"),
    "deep JSON": ("[" * 100_000, "damaged"),
    "other JSON": ({"a": 1}, "other JSON"),
    "VIA": ({"_via_img_metadata": {}}, "VGG Image Annotator"),
    "Label Studio": ([{"id": 1, "data": {}}], "Label Studio"),
    "no shapes": (labelme(), "has none"),
    "shapes that are no list": (labelme(shapes=3), "list of shapes"),
    "only lines": (labelme(shape(kind="line")), "a line"),
    "two points": (labelme(shape(points=[[0, 0], [1, 1]])), "at least three points"),
    "no numbers": (labelme(shape(points=[["a", "b"]] * 3)), "at least three points"),
    "infinite": (labelme(shape(points=[[0, 0], [1, float("nan")], [2, 2]])), "three points"),
    "no points": (labelme(shape(points=None)), "at least three points"),
    "no box": (labelme(shape(points=[[1, 1]], kind="rectangle")), "two points"),
    "a mask without pixels": (labelme(shape(points=[[1, 1], [2, 2]], kind="mask", mask="AAAA")), "base64"),
    "outside": (labelme(shape(points=[[10, 10], [20, 10], [20, 20]])), "lies outside"),
    "no pixels": (labelme(shape(), imageHeight=0), "6x0"),
    "too many pixels": (labelme(shape(), imageHeight=10**9, imageWidth=10**9), "pixels"),
    "COCO without sizes": (coco({"bbox": [0, 0, 1, 1]}, images=[{"id": 7, "file_name": "a"}]), "height and width"),
    "COCO without images": ({"images": [], "annotations": []}, "lists none"),
    "COCO of no list": ({"images": 3, "annotations": []}, "list of images"),
    "COCO with an odd polygon": (coco({"segmentation": [[1, 1, 4, 1, 4]]}), "at least three points"),
    "COCO with long runs": (coco({"segmentation": {"size": [5, 6], "counts": [0, 10**12]}}), "1,000,000,000,000"),
    "COCO with negative runs": (coco({"segmentation": {"size": [5, 6], "counts": [40, -10]}}), "30 pixels in all"),
    "COCO with bad compression": (coco({"segmentation": {"size": [5, 6], "counts": "o\x01"}}), "compressed"),
    "COCO with endless compression": (coco({"segmentation": {"size": [5, 6], "counts": "o" * 99}}), "compressed"),
    "COCO with a mask of another size": (coco({"segmentation": {"size": [6, 5], "counts": [30]}}), "but one"),
    "COCO without counts": (coco({"segmentation": {"size": [5, 6]}}), "counts"),
    "COCO without annotations": (coco(), "has none"),
    "XML cut off": ("<annotations><image", "cannot be read"),
    "an entity bomb": (BOMB, "document type"),
    "an entity bomb in UTF-16": (BOMB.encode("utf-16"), "document type"),
    "other XML": ("<html></html>", "begins with <html>"),
    "a video": ("<annotations><track/></annotations>", "video"),
    "CVAT without a size": ('<annotations><image name="a"><box/></image></annotations>', "height"),
    "CVAT without numbers": (cvat('<box label="a" xtl="x" ytl="1" xbr="4" ybr="3"/>'), "numbers as xtl"),
    "CVAT with long runs": (cvat('<mask rle="0,9" left="1" top="1" width="3" height="2"/>'), "cover 9"),
    "CVAT with a huge mask": (cvat('<mask rle="0" left="1" top="1" width="999999" height="999999"/>'), "pixels"),
    "CVAT with a bare polygon": (cvat('<polygon label="a"/>'), "at least three points"),
    "VOC without a size": (f"<annotation>{VOC_BOX}</annotation>", "size of the image"),
    "nothing": ("", "empty"),
    "noise": (b"\x01\x02\x03", "known format"),
    "YOLO": (b"0 0.1 0.1 0.5 0.1 0.5 0.5\n", "is a text, such as YOLO writes; export it as COCO"),
    "an archive": (b"PK\x03\x04", "damaged"),
    "GIMP": (b"gimp xcf v011", "GIMP"),
}  # fmt: skip


@pytest.mark.parametrize("kind", DAMAGED)
def test_what_cannot_be_used_is_one_sentence(write, kind):
    content, said = DAMAGED[kind]
    with pytest.raises(ImageError, match=said) as caught:
        load_annotation(write(content, "annotation" if isinstance(content, bytes) else "annotation.json"))
    assert "\n" not in str(caught.value)
