"""Bad input: one sentence that names what is wrong, exit code 2, nothing written and nothing heavy begun."""

from __future__ import annotations

import os
import shlex
import shutil
import struct
import subprocess
import sys
import zlib
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
import pytest
from PIL import Image

from maskstyle import save_image
from maskstyle.networks.search import FoundWeights

GOOD = "content.png style.jpg -o out.png"
MASKED = "content.png --style style.jpg:soft.png -o out.png"
JUDGE = "evaluate init.png --style style.jpg --content content.png"


class Bad(NamedTuple):
    """A command line that cannot work, and what the message must say of it.

    `{good}`, `{masked}` and `{judge}` stand for arguments that work, `{weights}` for weights of VGG19 up to block 3.
    """

    name: str
    command: str
    says: tuple[str, ...]
    environment: Mapping[str, str] = MappingProxyType({})


PICTURES = [
    Bad("content missing", "basic no.png style.jpg -o out.png", ("no.png does not exist", "check the path")),
    Bad("style missing", "basic content.png none.jpg -o out.png", ("none.jpg does not exist",)),
    Bad("further style missing", "basic {good} --style none.jpg:0.5", ("none.jpg does not exist",)),
    Bad("content in a missing folder", "basic no/c.png style.jpg -o out.png", ("c.png does not exist",)),
    Bad("many contents", "basic content.png content.png style.jpg -o out.png", ("write: maskstyle batch basic",)),
    Bad(
        "content a folder",
        "basic folder style.jpg -o out.png",
        ("folder is a folder", "write: maskstyle batch basic folder"),
    ),
    Bad("content misspelled", "basic Content.PNG style.jpg -o out.png", ("did you mean content.png?",)),
    Bad("content without its ending", "basic content style.jpg -o out.png", ("did you mean content.png?",)),
    Bad("content on the web", "basic https://a.b/c.png style.jpg -o out.png", ("is a web address", "download")),
    Bad("content in ~", "basic ~/c.png style.jpg -o out.png", ("~/c.png does not exist", "home folder in full")),
    Bad("content with a dash", "basic -content.png style.jpg -o out.png", ("write the name of a file", "./-NAME")),
    Bad("content a web page", "basic page.jpg style.jpg -o out.png", ("page.jpg is a web page", "image itself")),
    Bad("style a folder", "basic content.png folder -o out.png", ("folder is a folder",)),
    Bad("content empty", "basic empty.jpg style.jpg -o out.png", ("empty.jpg is empty",)),
    Bad("style empty", "basic content.png empty.jpg -o out.png", ("empty.jpg is empty",)),
    Bad("text named jpg", "basic text.jpg style.jpg -o out.png", ("text.jpg is not an image",)),
    Bad("truncated jpg", "basic cut.jpg style.jpg -o out.png", ("cut.jpg is truncated or damaged",)),
    Bad("truncated png", "basic content.png cut.png -o out.png", ("cut.png is truncated or damaged",)),
    Bad("gif as output", "basic content.png style.jpg -o out.gif", ("ending in .png", "out.gif")),
    Bad("too many pixels", "basic bomb.png style.jpg -o out.png", ("bomb.png has 3,600,000,000", "scale it down")),
    Bad("content too small", "basic one.png style.jpg -o out.png --scales 1", ("1x1", "at least 16 pixels")),
    Bad("style too narrow", "basic content.png narrow.png -o out.png", ("300x2", "at least 4 on each side")),
    Bad("transparent into jpg", "basic alpha.png style.jpg -o out.jpg", ("alpha.png", ".jpg cannot keep", ".png")),
    Bad("transparent into bmp", "basic alpha.png style.jpg -o out.BMP", ("alpha.png", ".BMP cannot keep", ".png")),
    Bad("nothing to see", "basic empty.png style.jpg -o out.png", ("empty.png is transparent everywhere",)),
    Bad("no visible style", "basic content.png empty.png -o out.png", ("empty.png is transparent everywhere",)),
    Bad("cut-out, no mask", "mask alpha.png --style style.jpg -o out.png", ("partly transparent", "maskstyle basic")),
    Bad("long name", f"basic {'x' * 300}.png style.jpg -o out.png", ("xxxx", "too long")),
    Bad("long style", f"mask content.png --style style.jpg:{'x' * 300}.png -o out.png", ("too long",)),
    Bad("long first image", f"basic {{good}} --init {'x' * 300}.png", ("--init is", "which is too long a name")),
    Bad("empty path", "basic '' style.jpg -o out.png", ("is a folder",)),
]

OUTPUTS = [
    Bad("no suffix", "basic content.png style.jpg -o out", ("out has no extension", ".png, .jpg")),
    Bad("long name", f"basic content.png style.jpg -o {'x' * 300}.png", ("is too long", "a shorter one")),
    Bad("unknown suffix", "basic content.png style.jpg -o out.gif", ("'.gif'", ".png, .jpg")),
    Bad("missing folder", "basic content.png style.jpg -o no/out.png", ("no folder no", "create it")),
    Bad("a folder", "basic content.png style.jpg -o folder.png", ("folder.png is a folder",)),
    Bad("in a file", "basic content.png style.jpg -o text.jpg/out.png", ("text.jpg is a file",)),
    Bad("the content", "basic content.png style.jpg -o content.png", ("--output", "content.png", "an input")),
    Bad("the style", "basic content.png style.jpg -o ./style.jpg", ("style.jpg", "an input")),
    Bad("the first image", "basic content.png style.jpg -o init.png --init init.png", ("init.png", "an input")),
    Bad("json in a missing folder", "basic {good} --json no/run.json", ("no folder no",)),
    Bad("json a folder", "basic {good} --json folder", ("folder is a folder",)),
    Bad("json the content", "basic {good} --json content.png", ("--json", "content.png", "an input")),
    Bad("json the weights", "basic {good} --weights one.npz --json one.npz", ("one.npz", "an input")),
    Bad("json the output", "basic {good} --json ./out.png", ("--json and --output are both",)),
    Bad("plot in a missing folder", "basic {good} --plot no/plot.png", ("no folder no",)),
    Bad("plot a folder", "basic {good} --plot folder.png", ("folder.png is a folder",)),
    Bad("plot the output", "basic {good} --plot folder/../out.png", ("--output and --plot are both",)),
    Bad("plot the record", "basic {good} --plot p.svg --json p.svg", ("--json and --plot are both p.svg",)),
    Bad("plot of an unknown suffix", "basic {good} --plot plot.xyz", ("plot.xyz", ".png, .svg, .pdf")),
    Bad("plot without a suffix", "basic {good} --plot plot", ("--plot is plot", ".png, .svg, .pdf")),
    Bad("snapshots in a file", "basic {good} --snapshot-every 1 --snapshot-dir text.jpg", ("text.jpg is a file",)),
    Bad("snapshots too deep", "basic {good} --snapshot-every 1 --snapshot-dir no/deep", ("no folder no",)),
    Bad("snapshots never", "basic {good} --snapshot-dir shots", ("--snapshot-dir", "--snapshot-every")),
    Bad(
        "default snapshots in a file", "basic content.png style.jpg -o taken.png --snapshot-every 1", ("taken_snap",)
    ),
]

NUMBERS = [
    Bad("scheduler many", "basic {good} --scheduler many", ("--scheduler is 'many'", "local:N")),
    Bad("workers, no tiles", "basic {good} {first} --scheduler local:2", ("in one piece", "paint without workers")),
    Bad(
        "workers, larger",
        "basic {good} {first} --size 80 --scheduler local:2",
        ("in one piece", "a --tile-size below 80"),
    ),
    Bad("more than 64 bits", "basic {good} --seed 9223372036854775808", ("whole number of at most",)),
    Bad("variant twice", "basic {good} --try steps=2,2", ("--try steps lists 2 twice",)),
    Bad(
        "workers for a sheet", "basic {good} --scheduler local:2 --try steps=1,2", ("--scheduler has no effect with",)
    ),
    Bad("size 0", "basic {good} --size 0", ("--size is 0", "at least 1")),
    Bad("size -5", "basic {good} --size -5", ("--size is -5", "at least 1")),
    Bad("size 3", "basic {good} --size 3 --scales 1", ("would be 3x2", "a larger --size")),
    Bad(
        "size no number",
        "basic {good} --size large",
        ("--size", "longer side in pixels", "800x600"),
    ),
    Bad("steps 0", "basic {good} --steps 0", ("--steps is 0", "at least 1")),
    Bad("steps 2.5", "basic {good} --steps 2.5", ("--steps is '2.5'", "a whole number, such as 2")),
    Bad("steps empty", "basic {good} --steps ''", ("--steps is ''", "a whole number")),
    Bad("strength in percent", "basic {good} --strength 50%", ("--strength is '50%'", "such as 0.5 for 50 %")),
    Bad("strength with a comma", "basic {good} --strength 0,5", ("--strength is '0,5'", "such as 0.5")),
    Bad("weight in percent", "basic {good} --style-weight 50%", ("a raw factor", "--strength 0.5")),
    Bad("share in percent", "basic {good} --style style.jpg:50%", ("share of style.jpg", "such as 0.5 for 50 %")),
    Bad("scales 0", "basic {good} --scales 0", ("--scales is 0", "from 1 to 20")),
    Bad(
        "size of many digits",
        f"basic {{good}} --size 1{'0' * 400}",
        ("--size is '1000", "expected the longer side in pixels"),
    ),
    Bad("too many scales", "basic {good} --scales 9", ("the coarsest of 9 scales", "fewer scales")),
    Bad("content weight -1", "basic {good} --content-weight -1", ("--content-weight is -1.0", "at least 0")),
    Bad("style weight nan", "basic {good} --style-weight nan", ("--style-weight is nan", "at least 0")),
    Bad("tv weight inf", "basic {good} --tv-weight inf", ("--tv-weight is inf", "a finite number of at least 0")),
    Bad(
        "all weights 0",
        "basic {good} --content-weight 0 --style-weight 0 --tv-weight 0",
        ("--content-weight, --style-weight and --tv-weight are all 0", "one larger"),
    ),
    Bad("tv exponent below 1", "basic {good} --tv-exponent 0.5", ("--tv-exponent is 0.5", "at least 1")),
    Bad("intensity 0", "basic {good} --intensity 0", ("--intensity is 0.0", "above 0")),
    Bad("style scale 0", "basic {good} --style-scale 0", ("--style-scale is 0.0", "above 0")),
    Bad("style scale tiny", "basic {good} --style-scale 0.01", ("the style image of 28x36", "--style-scale")),
    Bad("pixel range 0", "basic {good} --pixel-range 0", ("--pixel-range is 0.0",)),
    Bad("tolerance -1", "basic {good} --tolerance -1", ("--tolerance is -1.0", "at least 0")),
    Bad("history 0", "basic {good} --history 0", ("--history is 0", "from 1 to 1000")),
    Bad("learning rate 0", "basic {good} --learning-rate 0", ("--learning-rate is 0.0", "above 0")),
    Bad("beta 1", "basic {good} --beta-1 1", ("--beta-1 is 1.0", "below 1")),
    Bad("beta 2 nan", "basic {good} --beta-2 nan", ("--beta-2 is nan",)),
    Bad("epsilon 0", "basic {good} --epsilon 0", ("--epsilon is 0.0", "above 0")),
    Bad("seed -1", "basic {good} --seed -1", ("--seed is -1", "at least 0")),
    Bad("snapshots -1", "basic {good} --snapshot-every -1", ("--snapshot-every is -1", "at least 0")),
    Bad("denoise -1", "basic {good} --denoise -1", ("--denoise is -1.0", "from 0.0001 to 100")),
    Bad("denoise inf", "basic {good} --denoise inf", ("--denoise is inf",)),
    Bad("style share negative", "basic content.png style.jpg:-1 -o out.png", ("share of style.jpg is -1", "least 0")),
    Bad("style share no number", "basic content.png style.jpg:much -o out.png", ("style.jpg is 'much'", "a number")),
    Bad("style share empty", "basic content.png style.jpg: -o out.png", ("style.jpg is ''", "a number")),
    Bad("style share nan", "basic content.png style.jpg:nan -o out.png", ("share of style.jpg is nan", "at least 0")),
    Bad(
        "style shares all 0",
        "basic content.png style.jpg:0 -o out.png --style init.png:0",
        ("all shares are 0", "above 0"),
    ),
]

CHOICES = [
    Bad("unknown layer", "basic {good} --style-layers conv1", ("no layer 'conv1'", "block1_conv1")),
    Bad("layer too deep", "basic {good} --content-layers block9_conv1", ("no layer 'block9_conv1'", "block5_conv4")),
    Bad("layer twice", "basic {good} --style-layers block1_conv1,block1_conv1:2", ("block1_conv1 twice",)),
    Bad("layers empty", "basic {good} --style-layers ''", ("--style-layers is ''", "NAME[:WEIGHT],...")),
    Bad("layers a comma", "basic {good} --content-layers ,", ("--content-layers is ','", "NAME[:WEIGHT],...")),
    Bad("layers a:b:c", "basic {good} --style-layers a:b:c", ("the weight of a in --style-layers is 'b:c'",)),
    Bad("layer weight no number", "basic {good} --style-layers block1_conv1:x", ("'x'", "expected a number")),
    Bad("layer weight empty", "basic {good} --style-layers block1_conv1:", ("''", "expected a number")),
    Bad(
        "layer weight negative",
        "basic {good} --style-layers block1_conv1:-1",
        ("block1_conv1 in --style-layers is -1.0", "at least 0"),
    ),
    Bad(
        "layer weights all 0",
        "basic {good} --style-layers block1_conv1:0",
        ("--style-layers gives no layer a weight", "--style-weight to 0"),
    ),
    Bad("layer weight nan", "basic {good} --content-layers block1_conv1:nan", ("block1_conv1", "nan")),
    Bad("unknown network", "basic {good} --network resnet", ("--network is 'resnet'", "auto, lite, vgg16, vgg19")),
    Bad("unknown colors", "basic {good} --color mine", ("--color", "'mine'", "luminance")),
    Bad("unknown denoising", "basic {good} --denoise-method median", ("--denoise-method", "bilateral")),
    Bad("unknown pooling", "basic {good} --pooling median", ("'median'", "average")),
    Bad("unknown optimizer", "basic {good} --optimizer sgd", ("'sgd'", "lbfgs, adam")),
    Bad("unknown compute type", "basic {good} --compute-type float16", ("'float16'", "did you mean bfloat16?")),
    Bad("empty recipe", "basic {good} --recipe ''", ("no recipe ''", "gatys2016")),
    Bad("unknown recipe", "basic {good} --recipe gatys", ("no recipe 'gatys'", "gatys2016")),
    Bad(
        "unknown first image",
        "basic {good} --init noize",
        ("--init is 'noize'", "recolored, style, noise", "FILE"),
    ),
    Bad(
        "first image called image",
        "basic {good} --init image",
        ("--init is 'image'", "recolored, style, noise"),
    ),
    Bad("first image a text", "basic {good} --init text.jpg", ("text.jpg is not an image",)),
    Bad("first image a folder", "basic {good} --init folder", ("--init is 'folder', which is a folder",)),
]

WEIGHTS = [
    Bad("missing", "basic {good} --weights none.npz", ("no weights file none.npz", "check the path")),
    Bad("a folder", "basic {good} --weights folder", ("folder is a folder", "pass a file in it")),
    Bad("another suffix", "basic {good} --weights text.jpg", ("text.jpg", ".npz or .h5")),
    Bad("text named npz", "basic {good} --weights text.npz", ("text.npz cannot be read", "it seems damaged")),
    Bad("text named h5", "basic {good} --weights text.h5", ("text.h5 cannot be read", "damaged")),
    Bad("empty npz", "basic {good} --weights empty.npz", ("empty.npz cannot be read",)),
    Bad("empty h5", "basic {good} --weights empty.h5", ("empty.h5 cannot be read",)),
    Bad("truncated npz", "basic {good} --weights cut.npz", ("cut.npz cannot be read",)),
    Bad("one array", "basic {good} --weights array.npz", ("array.npz cannot be read", "it seems damaged")),
    Bad("none of its layers", "basic {good} --weights other.npz", ("other.npz has no layer", "block1_conv1")),
    Bad(
        "lacking layers",
        "basic {good} --weights one.npz",
        ("one.npz lacks block1_conv2 to block5_", "has block1_conv1"),
    ),
    Bad(
        "of another network",
        "basic {good} --network vgg16 --weights '{weights}'",
        ("block3_conv4", "vgg16", "--network"),
    ),
    Bad(
        "of another shape", "basic {good} {first} --weights shape.npz", ("shape.npz", "(3, 3, 3, 8)", "(3, 3, 3, 64)")
    ),
    Bad(
        "with NaN",
        "basic {good} {first} --weights nan.npz",
        ("nan.npz", "block1_conv1", "not finite", "weights fetch"),
    ),
    Bad(
        "without a bias",
        "basic {good} {first} --weights half.npz",
        ("half.npz cannot be read", "block1_conv1 has no bias"),
    ),
    Bad(
        "found but too shallow, as those of the package",
        "basic {good} --style-layers block5_conv3 --scales 1",
        (
            "vgg19_random.npz lacks block4_conv1 to block5_conv3",
            "the embedded file lacks block5_conv3",
            "weights fetch vgg19",
            "--weights FILE",
            "--network lite",
        ),
    ),
    Bad(
        "nowhere, for a layer that does not exist",
        "basic {good} --style-layers block5_conv9 --scales 1",
        ("no layer 'block5_conv9'",),
        {"MASKSTYLE_WEIGHTS_DIR": "nowhere"},
    ),
    Bad(
        "of vgg19 for lite",
        "basic {good} --network lite {first} --weights one.npz",
        ("one.npz", "(3, 3, 3, 64)", "lite needs (3, 3, 3, 16)"),
    ),
    Bad(
        "with a metric of another shape",
        "basic {good} {first} --weights metric.npz",
        ("metric.npz", "the metric of block1_conv1", "(64, 3)", "(64, 64)"),
    ),
    Bad(
        "nowhere",
        "basic {good} --network vgg16",
        ("nowhere (no such folder)", "weights fetch vgg16", "--network lite"),
        {"MASKSTYLE_WEIGHTS_DIR": "nowhere"},
    ),
    Bad(
        "of no vgg16",
        "basic {good} --network vgg16",
        ("no weights of vgg16", "weights fetch vgg16", "--weights FILE"),
    ),
    Bad("path of none", "weights path vgg16", ("no weights of vgg16", "weights fetch vgg16")),
    Bad("path of an unknown network", "weights path resnet", ("'resnet'", "one of", "vgg19")),
    Bad("fetch of an unknown network", "weights fetch vgg11", ("network is 'vgg11'; expected one of", "vgg19")),
    Bad("fetch of what the package holds", "weights fetch lite", ("'lite'", "expected one of vgg16, vgg19")),
]

COMMANDS = [
    Bad("unknown option", "basic {good} --stepz 4", ("--stepz", "--steps")),
    Bad("option without its value", "basic {good} --seed", ("--seed", "requires an argument")),
    Bad("no output", "basic content.png style.jpg", ("--output", "maskstyle basic --help")),
    Bad("no style", "basic content.png -o out.png", ("'style'", "maskstyle basic --help")),
    Bad("no arguments", "basic", ("'content'", "maskstyle basic --help")),
    Bad(
        "an argument too many",
        "basic content.png style.jpg more.jpg -o out.png",
        ("more.jpg", "maskstyle batch basic"),
    ),
    Bad("a value too many", "region {good} --keep red blue", ("(blue)", "separate the values", "by commas")),
    Bad("words of an option swapped", "region {good} --map-content a.png", ("did you mean --content-map?",)),
    Bad("option misspelled", "basic {good} --stregth 1", ("no such option: --stregth; did you mean --strength?",)),
    Bad("option with _", "basic {good} --style_weight 1", ("did you mean --style-weight?",)),
    Bad("second style without --style", "basic {good} cut.jpg", ("to blend in another style, pass --style FILE",)),
    Bad("batch without a style", "batch basic content.png -o new", ("name the pictures first, then STYLE",)),
    Bad(
        "batch into a picture",
        "batch basic content.png style.jpg -o new.png",
        ("--output-dir is new.png, the name of a picture", "such as new"),
    ),
    Bad(
        "frames into a picture",
        "frames basic content.png style.jpg -o new.jpg",
        ("--output is new.jpg, the name of",),
    ),
    Bad(
        "masks into a picture",
        "masks normalize soft.png --output-dir new.png",
        ("--output-dir is new.png, the name",),
    ),
    Bad(
        "recipes twice", "compare content.png style.jpg -o o.png --recipes default,default", ("lists default twice",)
    ),
    Bad("folder as -o", "masks normalize soft.png -o new", ("did you mean --output-dir?",)),
    Bad("option of other programs", "basic {good} --iterations 9", ("did you mean --steps?",)),
    Bad("option of another command", "basic {good} --feather 3", ("--feather; maskstyle region has it",)),
    Bad("option for masks", "basic {good} --mask m.png", ("maskstyle mask, as --style FILE:MASK",)),
    Bad("unknown command", "basik", ("'basik'",)),
    Bad("no command", "content.png style.jpg -o out.png", ("a command comes first", "maskstyle basic content.png")),
    Bad("a plan without a command", "plan.toml", ("to paint a plan, write: maskstyle run plan.toml",)),
    Bad("unknown weights command", "weights show", ("'show'",)),
    Bad("fetch of nothing", "weights fetch", ("network", "weights fetch --help")),
    Bad("unknown recipe shown", "recipes gatys", ("no recipe 'gatys'", "gatys2016")),
    Bad("compare: no output", "compare content.png style.jpg", ("--output", "compare --help")),
    Bad("compare: content missing", "compare none.png style.jpg -o out.png", ("none.png does not exist",)),
    Bad(
        "compare: style with a weight",
        "compare content.png style.jpg:0.5 -o out.png",
        ("style.jpg:0.5 does not exist",),
    ),
    Bad("compare: unknown suffix", "compare content.png style.jpg -o out.xyz", ("'.xyz'", ".png")),
    Bad("compare: replaces the style", "compare content.png style.jpg -o style.jpg", ("style.jpg", "an input")),
    Bad("compare: json the output", "compare {good} --json out.png", ("--json and --output are both",)),
    Bad("compare: json in a missing folder", "compare {good} --json no/run.json", ("no folder no",)),
    Bad("compare: unknown recipe", "compare {good} --recipes default,gatys", ("no recipe 'gatys'", "gatys2016")),
    Bad("compare: empty recipe", "compare {good} --recipes default,", ("--recipes is 'default,'", "NAME,...")),
    Bad("compare: unknown network", "compare {good} --networks vgg19,resnet", ("--networks names 'resnet'", "lite")),
    Bad("compare: empty network", "compare {good} --networks ,", ("--networks is ','", "NAME,...")),
    Bad("compare: size 0", "compare {good} --size 0", ("--size is 0", "at least 1")),
    Bad("compare: steps -1", "compare {good} --steps -1", ("--steps is -1", "at least 1")),
    Bad("compare: content too small", "compare one.png style.jpg -o out.png", ("1x1", "at least 16 pixels")),
    Bad(
        "compare: style too narrow", "compare content.png narrow.png -o out.png", ("300x2", "at least 4 on each side")
    ),
    Bad("compare: weights missing", "compare {good} --weights none.h5", ("no weights file none.h5",)),
    Bad(
        "compare: a network without weights",
        "compare {good} --recipes default,fernandes --networks vgg16",
        ("no weights of vgg16 were found",),
    ),
    Bad("compare: an option of basic", "compare {good} --style-weight 3", ("--style-weight",)),
]

MAPS = [
    Bad("none beside the content", "region init.png style.jpg -o out.png", ("init_map.png", "--content-map FILE")),
    Bad("none beside the style", "region content.png cut.jpg -o out.png", ("cut.jpg is truncated",)),
    Bad("content missing", "region none.png style.jpg -o out.png", ("none.png does not exist",)),
    Bad("several beside it", "region two.png style.jpg -o out.png", ("two_map.png and two_sem.png", "name the one")),
    Bad("color misspelled", "region {good} --regions rde", ("#ff0000 (red)", "but got 'rde'; did you mean red?")),
    Bad("a word like a color", "region {good} --regions table", ("but got 'table'; use one of these",)),
    Bad("a word for all", "region {good} --keep all", ("but got 'all'; * stands for all others",)),
    Bad("color of CSS", "region {good} --regions olive", ("but got olive (#808000); use one of these",)),
    Bad("map missing", "region {good} --content-map none.png", ("none.png does not exist",)),
    Bad("map a text", "region {good} --style-map text.jpg", ("text.jpg is not an image",)),
    Bad("map a photograph", "region {good} --style-map photo.png", ("photo.png", "flat")),
    Bad("map of another shape", "region {good} --content-map style_map.png", ("28x36", "40x32", "aspect")),
    Bad("the output a map", "region content.png style.jpg -o content_map.png", ("content_map.png", "an input")),
    Bad(
        "region in one map only",
        "region {good} --style-map green.png",
        ("the maps share no color", "maps draft --like", "--map", "--unmatched"),
    ),
    Bad(
        "nothing to paint", "region {good} --style-map green.png --unmatched keep", ("no region of content_map.png",)
    ),
    Bad("unknown region", "region {good} --regions green", ("got #00ff00 (green)", "content_map.png, #0000ff")),
    Bad("no color", "region {good} --regions red,nocolor", ("--regions", "'nocolor'", "#ff0000")),
    Bad("empty regions", "region {good} --regions ''", ("--regions", "color such as red")),
    Bad("mapping without =", "region {good} --map red", ("--map is 'red'", "CONTENTCOLOR=STYLECOLOR")),
    Bad("mapping of no color", "region {good} --map red=", ("--map is 'red='", "such as 'red=#0000ff'")),
    Bad("mapping of no region", "region {good} --map green=red", ("#00ff00", "content_map.png")),
    Bad("mapped twice", "region {good} --map red=red --map red=blue", ("--map maps red twice", "once")),
    Bad(
        "mapped twice by other names",
        "region {good} --map red=red --map '#f00=blue'",
        ("#ff0000", "two", "remove one"),
    ),
    Bad(
        "strength without =",
        "region {good} --region-strength red=0.5,blue",
        ("--region-strength is 'red=0.5,blue'", "expected COLOR=STRENGTH"),
    ),
    Bad("strength empty", "region {good} --region-strength ''", ("--region-strength is ''", "COLOR=STRENGTH")),
    Bad("strength no number", "region {good} --region-strength red=much", ("strength of red is 'much'",)),
    Bad("strength below 0", "region {good} --region-strength red=-1", ("strength of red is -1.0", "at least 0")),
    Bad("strength above 1", "region {good} --region-strength red=1.1", ("#ff0000 (red) is 1.1", "from 0 to 1")),
    Bad("strength of no color", "region {good} --region-strength hue=1", ("--region-strength", "#ff0000 (red)")),
    Bad("strength of no region", "region {good} --region-strength green=1", ("#00ff00", "content_map.png")),
    Bad(
        "strength of a region that is kept",
        "region {good} --regions blue --region-strength red=1",
        ("--region-strength lists #ff0000 (red), which is not painted",),
    ),
    Bad(
        "two strengths",
        "region {good} --region-strength red=1 --region-strength red=0.5",
        ("--region-strength lists red twice", "one strength"),
    ),
    Bad(
        "two strengths by other names",
        "region {good} --region-strength 'red=1,#f00=0.5'",
        ("--region-strength lists #ff0000 (red) twice",),
    ),
    Bad("unmatched", "region {good} --unmatched drop", ("--unmatched", "drop", "whole-style")),
    Bad(
        "soft maps inside", "region {good} --soft-maps --propagation inside", ("--propagation is 'inside'", "simple")
    ),
    Bad("feather", "region {good} --feather -1", ("--feather is -1", "at least 0")),
    Bad("feather nan", "region {good} --feather nan", ("--feather is nan",)),
    Bad("feather mode", "region {good} --feather 3 --feather-mode hair", ("--feather-mode", "edges")),
    Bad(
        "edges without feather",
        "region {good} --feather-mode edges",
        ("--feather is 0", "--feather-mode edges", "1 to 1000 pixels"),
    ),
    Bad("transparent into jpg", "region content.png style.jpg -o out.jpg --transparent", ("--transparent", ".png")),
    Bad(
        "denoised regions of nothing",
        "region {good} --denoise-regions red",
        ("--denoise-regions has no effect", "--denoise is 0"),
    ),
    Bad("no color to denoise", "region {good} --denoise 0.1 --denoise-regions hue", ("--denoise-regions", "'hue'")),
    Bad(
        "unknown region to denoise",
        "region {good} --denoise 0.1 --denoise-regions green",
        ("got #00ff00 (green)", "content_map.png, #0000ff"),
    ),
    Bad(
        "denoised but not painted",
        "region {good} --regions red --denoise 0.1 --denoise-regions blue",
        ("--denoise-regions lists #0000ff (blue)", "not painted"),
    ),
    Bad("propagation", "region {good} --propagation none", ("--propagation", "inside")),
    Bad("a name of no region", "region {good} --regions yellow", ("got #ffff00 (yellow)", "use one of these")),
    Bad("palette of no colors", "region {good} --palette red,reddest", ("--palette", "'reddest'")),
    Bad("palette without a color", "region {good} --palette red", ("style_map.png", "#0000ff", "add these")),
    Bad("least region 0", "region {good} --least-region 0", ("--least-region is 0", "at least 1")),
    Bad("check: nothing", "maps check", ("content_map", "maps check --help")),
    Bad("check: map missing", "maps check none.png style_map.png", ("none.png does not exist",)),
    Bad("check: map a text", "maps check content_map.png text.jpg", ("text.jpg is not an image",)),
    Bad("check: map a photograph", "maps check photo.png style_map.png", ("photo.png", "flat")),
    Bad("check: image missing", "maps check content_map.png style_map.png --content no.png", ("no.png does not",)),
    Bad("check: no color", "maps check content_map.png style_map.png --regions hue", ("--regions", "'hue'")),
    Bad("check: mapping without =", "maps check content_map.png style_map.png --map red", ("--map is 'red'",)),
    Bad("check: no region", "maps check content_map.png style_map.png --regions green", ("got #00ff00",)),
    Bad("check: size 0", "maps check content_map.png style_map.png --size 0", ("--size is 0", "at least 1")),
    Bad(
        "check: preview an input",
        "maps check content_map.png style_map.png --preview content_map.png",
        ("content_map.png", "an input"),
    ),
    Bad(
        "check: preview of an unknown suffix",
        "maps check content_map.png style_map.png --preview sheet.xyz",
        ("'.xyz'", ".png"),
    ),
    Bad("draft: nothing", "maps draft", ("image", "maps draft --help")),
    Bad("draft: image missing", "maps draft none.png", ("none.png does not exist",)),
    Bad("draft: no regions", "maps draft content.png -n 0 -o new.png", ("--regions is 0", "1 to 32")),
    Bad("draft: too many regions", "maps draft content.png -n 33 -o new.png", ("--regions is 33", "1 to 32")),
    Bad(
        "draft: regions no number",
        "maps draft content.png -n few -o new.png",
        ("--regions is 'few'", "a whole number"),
    ),
    Bad("draft: one pixel", "maps draft one.png", ("one.png is 1x1", "at least 4 pixels")),
    Bad("draft: a map that is there", "maps draft content.png", ("content_map.png already exists", "--force")),
    Bad(
        "draft: any file that is there", "maps draft content.png -o init.png", ("init.png already exists", "--force")
    ),
    Bad("draft: two maps beside", "maps draft two.png", ("two_map.png and two_sem.png",)),
    Bad("draft: over the picture", "maps draft content.png -o content.png --force", ("--output", "an input")),
    Bad("draft: a JPEG", "maps draft content.png -o new.jpg", ("ends in .png", "new.jpg")),
    Bad("draft: no folder", "maps draft content.png -o no/new.png", ("no folder no", "create it")),
    Bad("draft: preview the map", "maps draft content.png -o new.png --preview new.png", ("--output and --preview",)),
    Bad("draft: features", "maps draft content.png -o new.png --features shape", ("--features", "network")),
    Bad("draft: scribbles a photo", "maps draft content.png -o new.png --scribbles photo.png", ("photo.png", "flat")),
    Bad(
        "draft: one scribble", "maps draft content.png -o new.png --scribbles two_map.png", ("two colors", "two_map")
    ),
    Bad(
        "draft: scribbles and regions",
        "maps draft content.png -o new.png --scribbles three.png -n 3",
        ("--regions is 3", "leave regions out"),
    ),
    Bad(
        "draft: scribbles of another shape",
        "maps draft tall.png -o new.png --scribbles three.png",
        ("scribble image", "three.png is 40x32", "tall.png, which is 28x36"),
    ),
    Bad("draft: like a map alone", "maps draft content.png -o new.png --like style_map.png", ("--like", "2 arg")),
    Bad(
        "draft: like a map of another shape",
        "maps draft content.png -o new.png --like content_map.png style.jpg",
        ("aspect of style.jpg", "content_map.png is 40x32"),
    ),
    Bad("unknown maps command", "maps chek", ("'chek'",)),
    Bad("a map for basic", "basic {good} --content-map content_map.png", ("--content-map",)),
]

MASKS = [
    Bad("no style", "mask content.png -o out.png", ("pass --style STYLE:MASK; a mask is a grayscale image",)),
    Bad(
        "a style without its flag",
        "mask content.png style.jpg -o out.png",
        ("--style style.jpg:MASK", "maskstyle masks linear --like content.png --from top -o content_mask.png"),
    ),
    Bad(
        "a style twice",
        "mask content.png style.jpg --style init.png -o out.png",
        ("style.jpg is an unexpected argument",),
    ),
    Bad(
        "none beside the content",
        "mask init.png --style style.jpg -o out.png",
        ("init_mask.png", "a grayscale image"),
    ),
    Bad("several beside it", "mask two.png --style style.jpg -o out.png", ("two_mask.jpg and two_mask.png", "name")),
    Bad("none of several", "mask {masked} --style init.png", ("init.png has no mask", "2 styles", "FILE:MASK")),
    Bad("empty style", "mask content.png --style '' -o out.png", ("--style is ''", "FILE:MASK[:STRENGTH]")),
    Bad("colon alone", "mask content.png --style : -o out.png", ("--style is ':'", "FILE:MASK[:STRENGTH]")),
    Bad("no mask after the colon", "mask content.png --style style.jpg: -o out.png", ("'style.jpg:'", "FILE:MASK")),
    Bad("a URL", "mask content.png --style http://a.b/c.jpg:m.png -o out.png", ("a URL", "download the image")),
    Bad("content missing", "mask none.png --style style.jpg -o out.png", ("none.png does not exist",)),
    Bad("style missing", "mask content.png --style none.jpg:soft.png -o out.png", ("none.jpg does not exist",)),
    Bad("no colon", "mask content.png --style style.jpg,m.png -o out.png", ("which does not exist", "FILE:MASK")),
    Bad("mask missing", "mask content.png --style style.jpg:none.png -o out.png", ("none.png does not exist",)),
    Bad(
        "complement missing", "mask content.png --style style.jpg:1-no.png -o out.png", ("file, but no.png does not",)
    ),
    Bad("mask an annotation", "mask content.png --style style.jpg:a.json -o out.png", ("maps from a.json -o a_map",)),
    Bad("mask a text", "mask content.png --style style.jpg:text.jpg -o out.png", ("text.jpg is not an image",)),
    Bad("mask a folder", "mask content.png --style style.jpg:folder -o out.png", ("folder is a folder",)),
    Bad("mask colored", "mask content.png --style style.jpg:init.png -o out.png", ("init.png is colored", "of 255")),
    Bad("mask black", "mask content.png --style style.jpg:black.png -o out.png", ("black.png is 0 everywhere",)),
    Bad("mask clear", "mask content.png --style style.jpg:clear.png -o out.png", ("clear.png is 0 everywhere",)),
    Bad(
        "complement of white",
        "mask content.png --style style.jpg:1-white.png -o out.png",
        ("1-white.png is 0 everywhere",),
    ),
    Bad(
        "mask of another shape",
        "mask content.png --style style.jpg:tall.png -o out.png",
        ("tall.png is 28x36", "content.png, which is 40x32", "aspect"),
    ),
    Bad("mask turned", "mask content.png --style style.jpg:turned.png -o out.png", ("turned.png", "90 degrees")),
    Bad("strength no number", "mask content.png --style style.jpg:soft.png:much -o out.png", ("'much'", "a number")),
    Bad(
        "strength empty",
        "mask content.png --style style.jpg:soft.png: -o out.png",
        ("style.jpg:soft.png is ''", "a number"),
    ),
    Bad("strength negative", "mask content.png --style style.jpg:soft.png:-2 -o out.png", ("is -2", "of at least 0")),
    Bad("strength nan", "mask content.png --style style.jpg:soft.png:nan -o out.png", ("is nan", "of at least 0")),
    Bad("strength inf", "mask content.png --style style.jpg:soft.png:inf -o out.png", ("is inf", "of at least 0")),
    Bad("the output a mask", "mask content.png --style style.jpg:soft.png -o soft.png", ("soft.png", "an input")),
    Bad("the output a style", "mask content.png --style init.png:soft.png -o init.png", ("init.png", "an input")),
    Bad("propagation", "mask {masked} --propagation inside", ("--propagation has no effect in maskstyle mask",)),
    Bad(
        "transparent into bmp",
        "mask content.png --style style.jpg:soft.png -o out.bmp --transparent",
        (".bmp cannot",),
    ),
    Bad("mask exponent 0", "mask {masked} --mask-exponent 0", ("--mask-exponent is 0.0", "above 0")),
    Bad("feather", "mask {masked} --feather 3", ("--feather",)),
    Bad(
        "mask exponent for basic",
        "basic {good} --mask-exponent 2",
        ("--mask-exponent has no effect in maskstyle ba",),
    ),
    Bad(
        "propagation for basic", "basic {good} --propagation all", ("--propagation has no effect in maskstyle basic",)
    ),
    Bad("mask exponent for region", "region {good} --mask-exponent 2", ("--mask-exponent has no effect in maskst",)),
]

EVALUATIONS = [
    Bad("no style", "evaluate content.png", ("--style", "maskstyle evaluate --help")),
    Bad("no result", "evaluate --style style.jpg", ("'result'", "maskstyle evaluate --help")),
    Bad("result missing", "evaluate none.png --style style.jpg", ("none.png does not exist",)),
    Bad("style missing", "evaluate init.png --style none.jpg", ("none.jpg does not exist",)),
    Bad("content missing", "evaluate init.png --style style.jpg --content none.png", ("none.png does not exist",)),
    Bad("result a text", "evaluate text.jpg --style style.jpg", ("text.jpg is not an image",)),
    Bad("result too small", "evaluate one.png --style style.jpg", ("1x1", "at least 4 pixels", "shallower layers")),
    Bad("style too narrow", "evaluate init.png --style narrow.png", ("the style image", "at least 4 pixels")),
    Bad("another shape", "evaluate style.jpg --style init.png --content content.png", ("28x36", "40x32", "aspect")),
    Bad("map of another shape", "{judge} --content-map style_map.png", ("28x36", "40x32", "aspect")),
    Bad("map of nothing", "evaluate init.png --style style.jpg --style-map style_map.png", ("no content map",)),
    Bad("regions of nothing", "evaluate init.png --style style.jpg --regions red", ("no content map", "--content")),
    Bad(
        "no map beside it", "evaluate init.png --style style.jpg --content init.png --map red=red", ("init_map.png",)
    ),
    Bad(
        "no map beside the style",
        "evaluate init.png --style init.png --content content.png --regions red",
        ("init_map.png", "--style-map FILE"),
    ),
    Bad("several beside it", "evaluate init.png --style style.jpg --content two.png", ("two_map.png and two_sem",)),
    Bad("region in one map only", "{judge} --style-map green.png", ("the maps share no color", "in green.png")),
    Bad("unknown region", "{judge} --regions green", ("got #00ff00 (green)", "content_map.png, #0000ff")),
    Bad("no color", "{judge} --regions nocolor", ("--regions", "'nocolor'")),
    Bad("mapping without =", "{judge} --map red", ("--map is 'red'", "CONTENTCOLOR=STYLECOLOR")),
    Bad("unmatched", "{judge} --unmatched drop", ("--unmatched", "drop", "whole-style")),
    Bad("regions and whole", "{judge} --regions red --whole", ("no effect with --whole", "--regions")),
    Bad("map and mask", "{judge} --map red=red --mask gray.png", ("--map has no effect with --mask", "--map")),
    Bad("mask missing", "{judge} --mask none.png", ("none.png does not exist",)),
    Bad("mask of colors", "{judge} --mask content_map.png", ("a grayscale mask, but content_map.png is colored",)),
    Bad("mask of another shape", "{judge} --mask narrow_gray.png", ("a mask is 300x2", "40x32", "aspect")),
    Bad("palette of nothing", f"{JUDGE} --whole --palette red", ("--whole", "--palette has no effect with --whole")),
    Bad("palette of no color", f"{JUDGE} --palette hue", ("--palette", "'hue'")),
    Bad("least region 0", f"{JUDGE} --least-region 0", ("--least-region is 0", "at least 1")),
    Bad("mask without content", "evaluate init.png --style style.jpg --mask gray.png", ("--mask", "--content FILE")),
    Bad("unknown network", "{judge} --network resnet", ("--network is 'resnet'", "vgg19")),
    Bad("unknown propagation", "{judge} --propagation none", ("--propagation is 'none'", "inside")),
    Bad("unknown fit", "{judge} --style-fit crop", ("--style-fit is 'crop'", "stretch")),
    Bad("style scale 0", "{judge} --style-scale 0", ("--style-scale is 0.0", "above 0")),
    Bad("style scale tiny", "{judge} --style-scale 0.01", ("the style image is too small", "larger --style-scale")),
    Bad("style scale huge", "{judge} --style-scale 10000", ("400 megapixels", "smaller")),
    Bad("layers empty", "{judge} --layers ''", ("--layers is ''", "NAME[:WEIGHT],...")),
    Bad("layer twice", "{judge} --layers block1_conv1,block1_conv1", ("--layers names block1_conv1 twice",)),
    Bad("unknown layer", "{judge} --layers block1_conv7", ("no layer 'block1_conv7'",)),
    Bad("weights missing", "{judge} --weights none.npz", ("no weights file none.npz",)),
    Bad("json the content", "{judge} --json content.png", ("--json is content.png, an input",)),
    Bad("json the map", "{judge} --json content_map.png", ("--json is content_map.png, an input",)),
    Bad("json in a missing folder", "{judge} --json no/run.json", ("no folder no",)),
    Bad("heat map the result", "{judge} --heatmap init.png", ("--heatmap is init.png, an input",)),
    Bad("heat map the record", "{judge} --heatmap h.png --json h.png", ("--heatmap and --json are both h.png",)),
    Bad("heat map of an unknown suffix", "{judge} --heatmap heat.svg", ("'.svg'", ".png")),
]

DOODLE = "doodle style.jpg --doodle content_map.png"

DOODLES = [
    Bad("no doodle", "doodle style.jpg -o out.png", ("--doodle", "maskstyle doodle --help")),
    Bad("doodle missing", "doodle style.jpg --doodle none.png -o out.png", ("none.png does not exist",)),
    Bad("doodle a photograph", "doodle style.jpg --doodle photo.png -o out.png", ("photo.png", "flat")),
    Bad("style missing", "doodle none.jpg --doodle content_map.png -o out.png", ("none.jpg does not exist",)),
    Bad(
        "no map of the style", "doodle init.png --doodle content_map.png -o out.png", ("init_map.png", "--style-map")
    ),
    Bad("map of another shape", f"{DOODLE} -o out.png --style-map content_map.png", ("40x32", "28x36", "aspect")),
    Bad("the output the doodle", "doodle style.jpg --doodle green.png -o green.png", ("green.png", "an input")),
    Bad(
        "region that the style lacks",
        f"{DOODLE} -o out.png --style-map green.png",
        ("the maps share no color", "whole-style"),
    ),
    Bad("unmatched keep", f"{DOODLE} -o out.png --unmatched keep", ("--unmatched", "'keep'", "whole-style")),
    Bad("mapping of no region", f"{DOODLE} -o out.png --map yellow=red", ("#ffff00",)),
    Bad(
        "content weight",
        f"{DOODLE} -o out.png --content-weight 1",
        ("--content-weight has no effect in maskst",),
    ),
    Bad(
        "from the content",
        f"{DOODLE} -o out.png --init content",
        ("--init is 'content'", "no content image to start from", "colors, noise"),
    ),
    Bad("transparent into jpg", "doodle style.jpg --doodle hole.png -o out.jpg", (".jpg cannot keep", ".png")),
    Bad("unknown matching", f"{DOODLE} -o out.png --matching cells", ("--matching", "'cells'", "region", "patch")),
    Bad(
        "too many scales",
        f"{DOODLE} -o out.png --style-map style_map.png --scales 7",
        ("the coarsest of 7 scales", "fewer scales"),
    ),
]

PATCHES = [
    Bad("none beside the content", "patch init.png style.jpg -o out.png", ("init_map.png", "--content-map FILE")),
    Bad("map of another shape", "patch {good} --content-map style_map.png", ("28x36", "40x32", "aspect")),
    Bad(
        "region in one map only",
        "patch {good} --style-map green.png",
        ("the maps share no color", "in green.png", "--unmatched to nearest"),
    ),
    Bad("unmatched", "patch {good} --unmatched keep", ("--unmatched", "keep", "nearest")),
    Bad("mapping of no region", "patch {good} --map green=red", ("#00ff00", "content_map.png")),
    Bad("patch size 0", "patch {good} --patch-size 0", ("--patch-size is 0", "at least 1")),
    Bad("patch size no number", "patch {good} --patch-size big", ("--patch-size is 'big'", "a whole number")),
    Bad("stride 0", "patch {good} --patch-stride 0", ("--patch-stride is 0", "at least 1")),
    Bad("gaps", "patch {good} --patch-size 8 --patch-stride 9", ("--patch-stride is 9", "--patch-size is 8", "gaps")),
    Bad("offset of one number", "patch {good} --patch-offset 8", ("--patch-offset is '8'", "DOWN,RIGHT")),
    Bad("offset negative", "patch {good} --patch-offset -1,0", ("--patch-offset is -1", "at least 0")),
    Bad("similarity", "patch {good} --similarity color", ("--similarity", "cosine", "ncc")),
    Bad("repetition", "patch {good} --repetition -1", ("--repetition is -1", "at least 0")),
    Bad("position weight", "patch {good} --position-weight nan", ("--position-weight is nan",)),
    Bad("feature weight", "patch {good} --feature-weight -1", ("--feature-weight is -1",)),
    Bad("match map an input", "patch {good} --match-map content.png", ("--match-map", "content.png", "an input")),
    Bad("match map the output", "patch {good} --match-map out.png", ("--match-map and --output are both",)),
    Bad("match map of no suffix", "patch {good} --match-map matches", ("matches has no extension",)),
    Bad(
        "match map without style",
        "patch {good} --match-map m.png --style-weight 0",
        ("--match-map has no effect", "--style-weight is 0"),
    ),
    Bad(
        "match map of a doodle by region",
        f"{DOODLE} --style-map style_map.png -o out.png --match-map m.png",
        ("--match-map has no effect without --matching patch",),
    ),
    Bad(
        "patch size of a doodle by region",
        f"{DOODLE} --style-map style_map.png -o out.png --patch-size 8",
        ("patch settings have no effect where --matching is region",),
    ),
    Bad(
        "propagation of a doodle by patch",
        f"{DOODLE} --style-map style_map.png -o out.png --matching patch --propagation all",
        ("--propagation is 'all'", "has no effect where --matching is patch"),
    ),
    Bad("a patch size for region", "region {good} --patch-size 8", ("--patch-size",)),
]

PLANS = [
    Bad("none", "run", ("plan", "run --help")),
    Bad("missing", "run none.toml -o out.png", ("none.toml does not exist", "check the path")),
    Bad("a folder", "run folder -o out.png", ("folder is a folder", "name a file inside it")),
    Bad("a picture", "run content.png -o out.png", ("content.png is an image", "maskstyle plan from")),
    Bad("not TOML", "run text.jpg -o out.png", ("text.jpg, line 1", "not TOML")),
    Bad(
        "unknown key", "run wrong.toml -o out.png", ("wrong.toml, line 2", "no key 'styel'", "did you mean 'styles'")
    ),
    Bad("no output", "run good.toml", ("good.toml, line 1: the plan names no output", "-o FILE")),
    Bad("the output the plan", "run good.toml -o good.toml", ("'.toml'", ".png")),
    Bad("the output a style", "run good.toml -o style.jpg", ("--output", "style.jpg", "an input")),
    Bad("json the plan", "run good.toml -o out.png --json good.toml", ("--json is good.toml, an input",)),
    Bad("set without =", "run good.toml -o out.png --set size", ("--set is 'size'", "NAME=VALUE")),
    Bad(
        "set of nothing",
        "run good.toml -o out.png --set sise=3",
        ("--set sise: there is no such setting or key", "'size'?"),
    ),
    Bad("set to no number", "run good.toml -o out.png --set steps=two", ("--set steps is 'two'", "a whole number")),
    Bad("set out of range", "run good.toml -o out.png --set steps=0", ("--set steps is 0", "at least 1")),
    Bad(
        "set a layer twice",
        "run good.toml -o out.png --set style_layers=block1_conv1,block1_conv1:2",
        ("--set style_layers names block1_conv1 twice",),
    ),
    Bad("set init", "run good.toml -o out.png --set init=none.png", ("--set init is 'none.png'", "FILE")),
    Bad("weights missing", "run good.toml -o out.png --weights none.npz", ("none.npz",)),
    Bad("dry run of a bad one", "run wrong.toml --dry-run", ("wrong.toml, line 2",)),
    Bad("from nothing", "plan from", ("result", "plan from --help")),
    Bad("from a missing one", "plan from none.png", ("none.png does not exist",)),
    Bad("from another's picture", "plan from content.png", ("content.png has no metadata of maskstyle",)),
    Bad(
        "from an older result",
        "plan from older.png",
        ("older.png is not enough for a plan", "missing required field", "basic, region, mask, patch, doodle or run"),
    ),
    Bad("onto an input", "plan from newer.png -o content.png", ("content.png already exists", "pass --force")),
    Bad("onto the result", "plan from older.png -o older.png", ("--output is older.png, an input",)),
    Bad("into a missing folder", "plan from older.png -o no/plan.toml", ("no folder no",)),
    Bad("unknown plan command", "plan form", ("'form'",)),
]

COMMANDS_THAT_PAINT = {
    "basic": "basic {good}",
    "region": "region {good} --style-map style_map.png",
    "mask": "mask {masked}",
    "patch": "patch {good} --style-map style_map.png",
    "doodle": "doodle style.jpg --doodle content_map.png -o out.png",
}

RESUMING = [
    *(
        Bad(
            f"no checkpoint, {name}",
            f"{command} --resume",
            ("--resume needs the checkpoint out.png.checkpoint", "does not exist", "drop --resume"),
        )
        for name, command in COMMANDS_THAT_PAINT.items()
    ),
    Bad("a folder", "basic content.png style.jpg -o dark.png --resume", ("dark.png.checkpoint is a folder",)),
    Bad("empty", "basic content.png style.jpg -o pale.png --resume", ("pale.png.checkpoint is empty", "delete it")),
    Bad(
        "a text",
        "basic content.png style.jpg -o worn.png --resume",
        ("worn.png.checkpoint", "not a maskstyle"),
    ),
    Bad("cut", "basic content.png style.jpg -o torn.png --resume", ("torn.png.checkpoint", "truncated or damaged")),
    Bad("seconds -1", "basic {good} --checkpoint-every -1", ("--checkpoint-every is -1", "at least 0")),
    Bad("in a dry run", "basic {good} --dry-run --resume", ("--resume needs the checkpoint out.png.checkpoint",)),
    Bad("in a dry run of a plan", "run good.toml -o out.png --dry-run --resume", ("--resume needs the checkpoint",)),
    Bad("seconds nan in a dry run", "basic {good} --dry-run --checkpoint-every nan", ("--checkpoint-every is nan",)),
    Bad("seconds nan", "basic {good} --checkpoint-every nan", ("--checkpoint-every is nan", "at least 0")),
    Bad("seconds no number", "basic {good} --checkpoint-every often", ("--checkpoint-every is 'often'", "a number")),
    Bad("the record", "basic {good} --json out.png.checkpoint", ("--json and the checkpoint are both",)),
    Bad("in compare", "compare content.png style.jpg -o sheet.png --resume", ("no such option: --resume",)),
]

TABLE = [
    pytest.param(bad, id=f"{title}: {bad.name}")
    for title, rows in {
        "picture": PICTURES,
        "output": OUTPUTS,
        "number": NUMBERS,
        "choice": CHOICES,
        "weights": WEIGHTS,
        "command": COMMANDS,
        "map": MAPS,
        "mask": MASKS,
        "evaluation": EVALUATIONS,
        "doodle": DOODLES,
        "patch": PATCHES,
        "plan": PLANS,
        "resuming": RESUMING,
    }.items()
    for bad in rows
]


@pytest.fixture(scope="module")
def crowded_desk(tmp_path_factory, painted):
    """Return a folder with every kind of file that the table names; no test writes to it."""
    desk = tmp_path_factory.mktemp("desk")
    _write_pictures(desk, painted)
    _write_weights(desk)
    for name in ("folder", "folder.png", "dark.png.checkpoint"):
        (desk / name).mkdir()
    (desk / "a.json").write_text("{}")
    (desk / "page.jpg").write_text("<!DOCTYPE html><title>Not found</title>")
    for name in ("text.jpg", "text.npz", "text.h5", "taken_snapshots", "worn.png.checkpoint"):
        (desk / name).write_text("This is no picture, and no weights either.\n")
    for name in ("empty.jpg", "empty.npz", "empty.h5", "pale.png.checkpoint"):
        (desk / name).touch()
    (desk / "torn.png.checkpoint").write_bytes((desk / "cut.npz").read_bytes())
    return desk


def _write_pictures(desk, painted):
    painted((32, 40)).save(desk / "content.png")
    painted((36, 28), seed=1).save(desk / "style.jpg")
    painted((32, 40), seed=2).save(desk / "init.png")
    painted((1, 1)).save(desk / "one.png")
    painted((12, 16)).save(desk / "photo.png")
    painted((2, 300)).save(desk / "narrow.png")
    for name, size in (("gray.png", (32, 40)), ("narrow_gray.png", (2, 300))):
        painted(size).convert("L").save(desk / name)
    transparent = painted((32, 40)).convert("RGBA")
    transparent.putalpha(Image.linear_gradient("L").resize((40, 32)))
    transparent.save(desk / "alpha.png")
    transparent.putalpha(0)
    transparent.save(desk / "empty.png")
    for whole, cut in (("style.jpg", "cut.jpg"), ("content.png", "cut.png")):
        held = (desk / whole).read_bytes()
        (desk / cut).write_bytes(held[: len(held) * 2 // 3])
    (desk / "good.toml").write_text('content = "content.png"\n[styles.a]\nimage = "style.jpg"\n')
    (desk / "wrong.toml").write_text('content = "content.png"\nstyel = 1\n')
    save_image(desk / "newer.png", np.zeros((4, 4, 3), np.float32), metadata={"sha256": {"content.png": ""}})
    save_image(desk / "older.png", np.zeros((4, 4, 3), np.float32), metadata={"command": "basic", "inputs": {}})
    (desk / "bomb.png").write_bytes(_png_header(60000, 60000))
    for name in ("content_map.png", "two.png", "two_map.png", "two_sem.png"):
        _write_map(desk / name, (32, 40), (0, 0, 255))
    _write_map(desk / "style_map.png", (36, 28), (0, 0, 255))
    three = np.full((32, 40, 3), 255, np.uint8)
    three[4:8, 4:8], three[20:28, 20:28] = (255, 0, 0), (0, 0, 255)
    Image.fromarray(three).save(desk / "three.png")
    _write_map(desk / "green.png", (36, 28), (0, 255, 0), (0, 255, 0))
    soft = Image.linear_gradient("L")
    for name in ("soft.png", "two_mask.png", "two_mask.jpg"):
        soft.resize((40, 32)).save(desk / name)
    soft.resize((28, 36)).save(desk / "tall.png")
    soft.resize((32, 40)).save(desk / "turned.png")
    for name, color in (("black.png", (0, 255)), ("clear.png", (255, 0)), ("white.png", (255, 255))):
        Image.new("LA", (40, 32), color).save(desk / name)
    with Image.open(desk / "content_map.png") as drawn:
        clear = drawn.convert("RGBA")
        clear.putpixel((3, 3), (0, 0, 0, 0))
        clear.save(desk / "hole.png")


def _write_map(path, size, left, right=(255, 0, 0)):
    pixels = np.full((*size, 3), right, np.uint8)
    pixels[:, : size[1] // 2] = left
    Image.fromarray(pixels).save(path)


def _png_header(width, height):
    """Return a PNG file that claims a size and holds no pixels."""

    def chunk(kind, held):
        return struct.pack(">I", len(held)) + kind + held + struct.pack(">I", zlib.crc32(kind + held))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")


def _write_weights(desk):
    kernel, bias = np.zeros((3, 3, 3, 64), np.float32), np.zeros(64, np.float32)

    def save(name, kernel, **more):
        np.savez(desk / name, **{"block1_conv1/kernel": kernel}, **{f"block1_conv1/{key}": more[key] for key in more})

    save("one.npz", kernel, bias=bias)
    save("half.npz", kernel)
    save("metric.npz", kernel, bias=bias, metric=np.zeros((64, 3), np.float32))
    save("nan.npz", np.full_like(kernel, np.nan), bias=bias)
    save("shape.npz", kernel[..., :8], bias=bias[:8])
    np.savez(desk / "other.npz", **{"dense/kernel": kernel})
    with open(desk / "array.npz", "wb") as file:
        np.save(file, kernel)
    held = (desk / "one.npz").read_bytes()
    (desk / "cut.npz").write_bytes(held[: len(held) // 2])


def listing(folder):
    """Return every path of a folder and of those in it, with its size and time of change."""
    found = {}
    with os.scandir(folder) as entries:
        for entry in entries:
            status = entry.stat()
            found[entry.path] = status.st_size, status.st_mtime_ns
            if entry.is_dir():
                found |= listing(entry.path)
    return found


@pytest.mark.usefixtures("without_tensorflow")
@pytest.mark.parametrize("bad", TABLE)
def test_bad_input(bad, crowded_desk, run, random_vgg19_weights, monkeypatch):
    monkeypatch.chdir(crowded_desk)
    for variable, value in bad.environment.items():
        monkeypatch.setenv(variable, value)
    first = "--content-layers block1_conv1 --style-layers block1_conv1"
    before = listing(crowded_desk)
    command = bad.command.replace("{good}", GOOD).replace("{masked}", MASKED).replace("{judge}", JUDGE)
    command = command.replace("{first}", first)
    arguments = [each.replace("{weights}", str(random_vgg19_weights)) for each in shlex.split(command)]

    ran = run(*arguments)

    assert ran.code == 2, ran.exception
    message = ran.error
    for fragment in bad.says:
        assert fragment.lower() in message.lower()  # versions of Typer differ in the case of an argument's name
    assert "Error" not in message
    assert "Traceback" not in message
    assert listing(crowded_desk) == before


def test_bad_inputs_are_found_before_tensorflow_loads(crowded_desk):
    commands = [
        "basic content.png style.jpg -o out.png --size 3",
        "region content.png style.jpg -o out.png --style-map green.png",
        "mask content.png --style style.jpg:black.png -o out.png",
        "patch content.png style.jpg -o out.png --style-map green.png",
        "doodle style.jpg --doodle content_map.png -o out.png --style-map green.png",
        "run good.toml --set size=3 -o out.png",
        f"{JUDGE} --style-map green.png",
    ]
    program = (
        "import sys\nfrom maskstyle.cli.app import app\n"
        f"for command in {commands}:\n"
        "    try:\n        app(command.split())\n"
        "    except SystemExit as end:\n        assert end.code == 2\n"
        "sys.exit('tensorflow' in sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", program], cwd=crowded_desk, capture_output=True, encoding="utf-8")
    assert ran.returncode == 0, ran.stderr
    assert [line[:7] for line in ran.stderr.splitlines()] == ["error: "] * len(commands)


def test_a_fetch_that_fails_says_why(run, monkeypatch):
    keras = pytest.importorskip("keras")

    def fail(**options):
        raise Exception("URL fetch failure on https://example.invalid/vgg19.h5: None -- unreachable")

    monkeypatch.setattr(keras.applications, "VGG19", fail)
    ran = run("weights", "fetch", "vgg19")
    assert ran.code == 2
    assert "could not fetch the weights of vgg19 (URL fetch failure on https://example.invalid" in ran.error
    assert "check the connection" in ran.error
    assert "--weights FILE" in ran.error


def test_a_fetch_that_works_says_where_the_file_is(run, monkeypatch, random_vgg19_weights, tmp_path):
    keras = pytest.importorskip("keras")
    (tmp_path / "models").mkdir()
    fetched = tmp_path / "models" / "vgg19_fetched_notop.npz"

    def download(**options):
        assert options == {"include_top": False, "weights": "imagenet"}
        shutil.copy(random_vgg19_weights, fetched)

    monkeypatch.setattr(keras.applications, "VGG19", download)
    monkeypatch.setattr("maskstyle.networks.search.find_weights", lambda *_: FoundWeights(fetched))
    ran = run("weights", "fetch", "vgg19").succeeded()
    assert ran.err == f"the weights of vgg19 are in {fetched}\n"


def test_a_command_alone_prints_its_help(run):
    for arguments, usage in (((), "maskstyle [OPTIONS]"), (("weights",), "maskstyle weights [OPTIONS]")):
        ran = run(*arguments)
        assert usage in ran.out
        assert ran.err == ""
        assert ran.code == 2


@pytest.fixture
def failing(basic, monkeypatch):
    """Return a function that runs ``maskstyle basic`` where painting fails with an error."""

    def failing(error):
        def fail(*arguments):
            raise error

        monkeypatch.setattr("maskstyle.synthesis.paint.paint", fail)
        return basic("--quiet")

    return failing


def test_too_little_memory_is_a_failure(failing, desk):
    ran = failing(MemoryError())
    assert ran.code == 1
    assert ran.error == "not enough memory; use a smaller --size, --memory or --tile-size, if the command has them"
    assert not (desk / "out.png").exists()


def test_a_bug_is_not_hidden(failing):
    assert isinstance(failing(ZeroDivisionError("a bug")).exception, ZeroDivisionError)
