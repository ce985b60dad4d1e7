"""Each rule with its table."""

import pytest

from ds_lsp.completion.postprocess import artifacts as leaks
from ds_lsp.completion.postprocess import brackets, repetition, scope
from ds_lsp.completion.postprocess import leading as start
from ds_lsp.completion.postprocess import repeats_below as below
from ds_lsp.completion.postprocess import trailing as ending
from ds_lsp.completion.postprocess.brackets import Overwrite
from ds_lsp.completion.postprocess.extent import Extent
from ds_lsp.completion.postprocess.place import CursorContext
from ds_lsp.completion.postprocess.rules import RULES, Rule, RuleFunction
from ds_lsp.providers.base import Finish

CURSOR = "‸"
LINE, STATEMENT, BLOCK = Extent.LINE, Extent.STATEMENT, Extent.BLOCK
PY, JS = "python", "javascript"


def place(document: str, language_id: str = PY, **more: object) -> CursorContext:
    before, _, after = document.partition(CURSOR)
    return CursorContext(before, after, language_id, **more)  # type: ignore[arg-type]  # a test's short-hand


# Name, place, text before the rule, text after it.
CASES: dict[RuleFunction, list[tuple[str, CursorContext, str, str]]] = {
    leaks.normalize_line_ends: [
        ("crlf", place("‸"), "a\r\nb", "a\nb"),
        ("cr", place("‸"), "a\rb\r\rc", "a\nb\n\nc"),
        ("form feed is text", place("‸"), "a\x0cb\u2028", "a\x0cb\u2028"),
    ],
    leaks.cut_at_invisible: [
        ("escape", place("‸"), "甲\x1b[31m", "甲"),
        ("nul", place("‸"), "a\x00b", "a"),
        ("tab", place("‸"), "a\tb\n", "a\tb\n"),
        ("form feed", place("‸"), "a\x0c\n", "a"),
        ("form feed as above", place("b\x0c\n‸"), "a\x0c\n", "a\x0c\n"),
        ("override, though above", place("# \u202e\n‸"), "a\u202eb", "a"),
        ("joins nothing", place("‸"), "'a\u200db'", "'a"),
        ("joins with what is before", place("'می‸'"), "\u200cخواهم", "\u200cخواهم"),
        ("private use as below", place("‸\n'\ue0b0'"), "'\ue0b0'", "'\ue0b0'"),
    ],
    leaks.cut_at_model_token: [
        ("ascii", place("‸"), "1<|endoftext|>2", "1"),
        ("full width", place("‸"), "甲<\uff5cfim▁end\uff5c>乙", "甲"),
        ("half a token", place("‸"), "1<\uff5cfim", "1"),
        ("end of sentence", place("‸"), "1</s>2", "1"),
        ("a tag", place("‸", "html"), "1</s>2", "1</s>2"),
        ("an operator", place("‸", "fsharp"), "a <| b |> c", "a <| b |> c"),
        ("a file about them", place("x = '<|pad|>'\n‸"), "'<|eos|>'", "'<|eos|>'"),
    ],
    leaks.skip_invisible_start: [
        ("zero width", place("‸"), "\u200bx", "x"),
        ("byte order mark", place("‸"), "\ufeff甲", "甲"),
        ("joins an emoji", place("'👩‸'"), "\u200d👧", "\u200d👧"),
    ],
    leaks.cut_damaged_line: [
        ("last line", place("‸"), "a\nb\ufffd", "a\n"),
        ("only line", place("‸"), "caf\ufffd", ""),
        ("in the document, too", place("'\ufffd'\n‸"), "'\ufffd'", "'\ufffd'"),
    ],
    leaks.cut_at_marker: [
        ("ours", place("‸", markers=("# 文件: ",)), "a\n# 文件: b.py\nc", "a"),
        ("like ours", place("‸", markers=("# 文件: ",)), "a\n# 文件\nc", "a\n# 文件\nc"),
        ("none", place("‸"), "a\n# b.py", "a\n# b.py"),
    ],
    leaks.keep_fenced_code: [
        ("said before", place("‸"), "Here it is:\n```py\nx = 甲\n```\nDone.", "x = 甲"),
        ("fence alone", place("‸"), "```\nx\n```", "x"),
        ("chat alone", place("‸"), "Sure, I will do that.", ""),
        ("chinese", place("‸"), "好的，我来补全这段代码。", ""),
        ("in a comment", place("# ‸"), "Sure, why not", "Sure, why not"),
        ("prose", place("‸", "markdown"), "```\nx\n```", "```\nx\n```"),
        ("code", place("‸"), "sure = 1", "sure = 1"),
    ],
    leaks.cut_at_fence: [
        ("at the end", place("‸"), "x = 1\n```", "x = 1"),
        ("in a string", place('s = """‸'), "a\n```\nb", "a\n```\nb"),
        ("in a string of its own", place("‸"), 's = """\n```\n"""', 's = """\n```\n"""'),
    ],
    start.skip_echo: [
        ("line", place("    return ‸"), "return x", " x"),
        ("word", place("x = console‸", JS), "console.log(1)", ".log(1)"),
        ("only begins alike", place("has‸"), "hash = 1", "hash = 1"),
        ("known word", place("print(1)\nx = pri‸"), "print(2)", "nt(2)"),
        (
            "head of the block",
            place('def f():\n    """甲"""\n    ‸'),
            'def f():\n    """甲"""\n    return 1',
            "    return 1",
        ),
        ("lines twice", place("a()\nb()\n‸"), "a()\nb()\nc()", "a()\nb()\nc()"),
        ("list", place("f(int, ‸)"), "int, int", "int, int"),
        ("number", place("100‸"), "100", "100"),
        ("chinese", place("打印 = ‸"), "打印 = 甲", " 甲"),
    ],
    start.skip_blank_start: [
        ("after a blank", place("x = ‸"), "  1", "1"),
        ("between words", place("x‸"), " = 1", " = 1"),
        ("indentation again", place("def f():\n    ‸"), "    x", "x"),
        ("what is missing", place("def f():\n  ‸"), "    x", "  x"),
        ("line end on a blank line", place("def f():\n    ‸"), "\n    甲", "甲"),
        ("deeper line", place("def f():\n    ‸"), "\n\n      x", "  x"),
        ("shallower line", place("def f():\n    ‸"), "\nx", ""),
        ("column 0", place("def f():\n‸"), "    x", "    x"),
        ("tabs", place("if x {\n\t‸", "go"), "\ty()", "y()"),
        ("in a string", place('"""\n  ‸\n"""'), "   a", "   a"),
    ],
    start.refuse_inside_word: [
        ("split", place("items.pu‸sh(1)", JS), "ll", ""),
        ("between signs", place("a(‸b)"), "c, ", "c, "),
        ("chinese has no blanks", place("'你‸好'"), "们", "们"),
        ("kana", place("'こ‸は'"), "んにち", "んにち"),
    ],
    scope.drop_half_line: [
        ("limit", place("‸", finish=Finish.LENGTH), "a\nb", "a"),
        ("cut by us", place("‸", finish=Finish.CUT), "甲\nb", "甲"),
        ("only line", place("‸", finish=Finish.LENGTH), "a", "a"),
        ("whole", place("‸", finish=Finish.STOP), "a\nb", "a\nb"),
    ],
    scope.keep_in_comment: [
        ("comment", place("# 按‸"), "日期\nx = 1", "日期"),
        ("finished comment", place("# a‸"), "\nx = 1", "\nx = 1"),
        ("hash in a string", place("'# ‸"), "a'\nb", "a'\nb"),
        ("other sign", place("-- ‸", "lua"), "a\nb", "a"),
    ],
    scope.refuse_line_break: [
        ("code follows", place("f(a, ‸b)"), "\nc", ""),
        ("closers follow", place("f(‸)"), "\n  c\n", "\n  c\n"),
        ("nothing follows", place("x:‸"), "\n  c", "\n  c"),
    ],
    scope.cut_at_string_end: [
        ("docstring", place('"""‸"""\n'), '甲\n"""\nx = 1', "甲\n"),
        ("on the same line", place('"""‸"""\n'), '甲"""', '甲"""'),
        ("end on the next line", place("/*\n * ‸\n */\n", JS), "甲\n */\nb()", "甲\n "),
        ("no end follows", place('"""‸\n'), 'a\n"""\nx', 'a\n"""\nx'),
        ("template", place("x = `‸`;", JS), "a\n`;\nb", "a\n"),
    ],
    repetition.cut_loop_in_line: [
        ("words", place("‸"), "a = 1\n" + "'甲乙丙', " * 7, "a = 1"),
        ("figures", place("‸"), "0, 1, " * 9, "0, 1, " * 9),
        ("dashes", place("‸"), "-" * 80, "-" * 80),
    ],
    repetition.cut_repeated_lines: [
        ("one line", place("‸"), "甲乙丙()\n甲乙丙()\n甲乙丙()\nb", "甲乙丙()"),
        ("two lines", place("‸"), "x()\n" + "foo\nbar\n" * 3, "x()\nfoo\nbar"),
        ("twice", place("‸"), "a()\na()\nb", "a()\na()\nb"),
        ("alike", place("‸"), "case 1\ncase 2\ncase 3", "case 1\ncase 2\ncase 3"),
        ("brackets", place("‸"), "}\n}\n}\n}", "}\n}\n}\n}"),
    ],
    scope.keep_scope: [
        ("next block", place("def f():\n    ‸"), "甲()\n\nx = 1", "甲()"),
        ("else", place("if a:\n    ‸"), "b()\nelse:\n    c()\nd()", "b()\nelse:\n    c()"),
        ("paragraphs", place("def f():\n    ‸"), "a\n\n    b", "a\n\n    b"),
        ("statement", place("f = ‸", JS), "() => {\n  a;\n};\nb;", "() => {\n  a;\n};"),
        ("arguments", place("f(a,\n  b‸\nc", JS), "1,\n  c2)\nd", "1,\n  c2)"),
        ("unreached", place("def f():\n    ‸"), "return 1\n    x = 2", "return 1"),
        ("label", place("switch (x) {\n‸", "c"), "return 1;\ncase 2:", "return 1;\ncase 2:"),
        ("in a string", place('"""\n  ‸'), "a\nb", "a\nb"),
        ("prose", place("- a‸", "markdown"), "b\n- c", "b\n- c"),
    ],
    below.cut_lines_below: [
        ("next line", place("‸\nb = 2\n"), "c = 3\nb = 2", "c = 3"),
        ("blank between", place("‸\n\nbar\n"), "foo\n\nbar", "foo\n"),
        ("all of it", place("\t‸\n\tb = 2\n"), "b = 2", ""),
        ("word that closes", place("if a\n  ‸\nend\n", "ruby"), "b\nend", "b"),
        ("deeper word", place("  ‸\nend\n", "ruby"), "x\n  end", "x\n  end"),
        ("brackets are counted", place("  ‸\n}\n", JS), "b\n}", "b\n}"),
        ("own line", place("return ‸\nreturn x\n"), "x", "x"),
        ("other blanks", place("‸\n\tfoo( 甲 )\n"), "a\n    foo( 甲 )", "a"),
    ],
    below.cut_lines_further_below: [
        (
            "skipped a line",
            place("‸\nx\nif 甲乙丙丁 == 1:\n    results.append(甲乙丙丁)\n"),
            "y\n  if 甲乙丙丁 == 1:\n    results.append(甲乙丙丁)",
            "y",
        ),
        (
            "one line",
            place("‸\nx\nresults.append(value_of_it)\n"),
            "y\nresults.append(value_of_it)",
            "y\nresults.append(value_of_it)",
        ),
        ("few letters", place("‸\nx\n  a\n}\n", JS), "y\n  a\n}", "y\n  a\n}"),
    ],
    below.cut_where_lines_below_begin: [
        (
            "goes on otherwise",
            place("‸\nresult = compute(甲)\n"),
            "a\nresult = compute(甲)\nb",
            "a",
        ),
        ("two lines", place("‸\nfoo()\nbar()\n"), "a\nfoo()\nbar()\nc", "a"),
        ("short line", place("‸\nx = 1\n"), "a\nx = 1\nb", "a\nx = 1\nb"),
        (
            "decorator",
            place("‸\n@property_of_mine\ndef b(): ...\n"),
            "@property_of_mine\ndef a(): ...",
            "@property_of_mine\ndef a(): ...",
        ),
        ("else is there", place("if a:\n    ‸\nelse:\n    y()\n"), "x()\nelse:\n    z()", "x()"),
        (
            "default is there",
            place("switch (x) {\n  ‸\n  default: b();\n}", JS),
            "case 1: a();\n  default: c();",
            "case 1: a();",
        ),
    ],
    below.cut_at_same_key: [
        ("yaml", place("a: ‸\nb: 1\n", "yaml"), "0\nb: 2", "0"),
        ("toml", place("a = ‸\n名 = 1\n", "toml"), "0\n名 = 2", "0"),
        ("other block", place("a: ‸\n  b: 1\n", "yaml"), "\nc:\n  b: 2", "\nc:\n  b: 2"),
        ("code", place("a = ‸\nb = 1\n"), "0\nb = 2", "0\nb = 2"),
    ],
    scope.drop_body_that_follows: [
        ("header", place("‸\n    甲()\n"), "if x:\n    乙()", "if x:"),
        ("no body", place("‸\n甲()\n"), "if x:\n    乙()", "if x:\n    乙()"),
        (
            "brackets of its own",
            place("‸\n  a();\n", JS),
            "if (x) {\n  b();\n}",
            "if (x) {\n  b();\n}",
        ),
    ],
    scope.keep_block_below: [
        ("left", place("    a()\n‸\n    b()\n"), "x = 1\ny = 2", "x = 1"),
        (
            "opened anew",
            place("    a()\n‸\n        b()\n"),
            "    c()\n    if 甲:\n    d()",
            "    c()\n    if 甲:",
        ),
        ("brackets", place("  a\n‸\n  b\n", JS), "x\ny", "x\ny"),
    ],
    scope.keep_shape: [
        ("line", place("x = ‸", extent=LINE), "1\ny", "1"),
        ("next line", place("x = 1‸", extent=LINE), "\n\ny\nz", "\n\ny"),
        ("statement", place("x = ‸", extent=STATEMENT), "1\ny", "1"),
        ("block", place("x = ‸", extent=BLOCK), "1\ny", "1\ny"),
        ("opens", place("‸", extent=STATEMENT), "if 甲:\n    y", "if 甲:\n    y"),
        ("goes on", place("x = f(‸", extent=STATEMENT), "a,\n  b)\nc", "a,\n  b)"),
        ("chain", place("x = ‸", JS, extent=STATEMENT), "a\n  .b()\nc", "a\n  .b()"),
    ],
    scope.keep_screenful: [
        ("as many", place("‸"), "a\n" * 19 + "a", "a\n" * 19 + "a"),
        ("too many", place("‸"), "a\n" * 30, ("a\n" * 20)[:-1]),
        (
            "to a blank line",
            place("‸"),
            "a:\n" + "  b\n" * 14 + "\n" + "  b\n" * 9,
            "a:" + "\n  b" * 14,
        ),
    ],
    scope.drop_empty_block: [
        ("else of nothing", place("  ‸\nb()\n"), "甲()\nelse:", "甲()"),
        ("its body follows", place("  ‸\n  b()\n"), "甲()\nelse:", "甲()\nelse:"),
        ("the only line", place("‸\nb()\n"), "if 甲:", "if 甲:"),
    ],
    below.refuse_line_above: [
        ("same", place("print('甲乙丙')\n‸"), "print('甲乙丙')", ""),
        ("completed to it", place("print(value)\nprint‸"), "(value)", ""),
        ("short", place("}\n‸", JS), "}", "}"),
        ("similar", place("check(1, value)\n‸"), "check(2, value)", "check(2, value)"),
    ],
    brackets.cut_needless_closers: [
        ("closed below", place("f {\n  ‸\n}\n", JS), "a();\n}", "a();"),
        ("needed", place("f {\n  ‸\n", JS), "a();\n}", "a();\n}"),
        ("one of two", place("{ {\n  ‸\n}\n", JS), "甲\n  }\n}", "甲\n  }"),
        ("its own, below as well", place("‸\n}\n", "css"), "a {\n  b\n}", "a {\n  b"),
        ("in a string", place("x = ‸\n"), '")"', '")"'),
        ("prose", place("‸\n", "markdown"), "1) 甲", "1) 甲"),
    ],
    brackets.cut_where_rest_begins: [
        ("argument", place("f(‸, timeout=3)"), "甲, timeout=5, b", "甲"),
        ("short", place("f(‸, b)"), "a, b, c", "a, b, c"),
        ("at the end", place("f(‸, timeout)"), "a, timeout", "a, timeout"),
    ],
    brackets.cut_overlap: [
        ("bracket", place("foo(‸)"), "甲)", "甲"),
        ("bracket of its own", place("foo(‸)"), "bar(x)", "bar(x)"),
        ("bracket and more", place("foo(‸);", JS), "bar(x));", "bar(x)"),
        ("quote", place("s = '‸'"), "héllo'", "héllo"),
        ("lines below", place("f(‸,\n  b,\n)"), "a,\n  b,\n)", "a"),
        ("word in part", place("f(‸s)"), "class", "class"),
        ("generic", place("Vec<‸> = x", "rust"), "Option<A>", "Option<A>"),
        ("chinese", place("'你‸好'"), "们好'", "们"),
        ("nothing follows", place("x = ‸"), "1)", "1)"),
    ],
    ending.trim_line_ends: [
        ("inside", place("‸"), "甲 \t\nb", "甲\nb"),
        ("last", place("‸(x)"), "a\nb ", "a\nb "),
        ("prose", place("‸", "markdown"), "a  \nb", "a  \nb"),
    ],
    ending.trim_end: [
        ("blanks", place("x = ‸"), "1 \t", "1"),
        ("line ends", place("x = ‸"), "甲\n\n", "甲"),
        ("holds apart", place("f(‸x)"), "y, ", "y, "),
        ("blank follows", place("f(‸ x)"), "y, ", "y,"),
        ("bracket on a line of its own", place("f(‸)"), "\n  a,\n", "\n  a,\n"),
        ("line end before a bracket", place("f(‸)"), "a\n  ", "a"),
        ("only blanks", place("‸"), " \n\t", ""),
    ],
    ending.refuse_misplaced_closers: [
        ("too deep", place("f {\n    ‸\n", JS), "}", ""),
        ("in place", place("f {\n‸\n", JS), "}", "}"),
        ("with text", place("f {\n    ‸\n", JS), "甲 }", "甲 }"),
    ],
    ending.refuse_run_on: [
        ("two words", place("‸import sys"), "import os", ""),
        ("two words, wide", place("x = ‸é + 1"), "ça", ""),
        ("a number and a word", place("‸x"), "1", ""),
        ("words without blanks between", place("# 总‸数", PY), "甲", "甲"),
        ("a comment", place("x = ‸y"), "1  # note ", ""),
        ("no comment", place('"${‸}"', "shellscript"), "#a[@]", "#a[@]"),
        ("a statement", place("    ‸return 1;", "c"), "init();", ""),
        ("a call", place("    ‸(a)"), "print", "print"),
        ("an assignment", place("‸ = 1"), "甲", "甲"),
        ("a keyword", place("    ‸f(x)"), "return ", "return "),
        ("an operator", place("‸b = 1"), "a = ", "a = "),
        ("a pointer below", place("    ‸*p = 1;", "c"), "f();", ""),
        ("a closer", place("f(‸);", JS), "a", "a"),
        ("a line of its own", place("‸b = 2"), "c = 3\n", "c = 3\n"),
    ],
    ending.refuse_what_follows: [
        ("first argument", place("f(‸甲, b)"), "甲", ""),
        ("other", place("f(‸甲, b)"), "乙, ", "乙, "),
        ("nothing follows", place("f(‸\nx)"), "x", "x"),
    ],
    ending.use_document_indentation: [
        ("blanks to tabs", place("if a {\n\t\t‸", "go"), "x\n        甲", "x\n\t\t甲"),
        ("tabs to blanks", place("if a:\n    x\n    ‸"), "x\n\t\ty", "x\n        y"),
        ("odd", place("if a {\n\t‸", "go"), "x\n   y", "x\n   y"),
        ("aligned", place("f(\n\t‸", "c"), "x,\n\t  y", "x,\n\t  y"),
        ("in a string", place("if a:\n\t‸"), 'x = """\n    甲"""', 'x = """\n    甲"""'),
        ("no indentation yet", place("all:‸", "makefile"), "\n\tx", "\n\tx"),
        ("no tab in YAML", place("甲:\n‸", "yaml"), "\tx: 1\n\t\ty: 2", "    x: 1\n        y: 2"),
        ("no tab in Compose", place("a:‸", "docker-compose"), "\n\tb: 1", "\n    b: 1"),
        ("no tab in F#", place("let f x =‸", "fsharp"), "\n\tx + 1", "\n    x + 1"),
        ("no tab in Nim", place("proc f() =‸", "nim"), "\n\tdiscard", "\n    discard"),
        ("no tab in Elm", place("f x =‸", "elm"), "\n\tx + 1", "\n    x + 1"),
        ("a tab in Go", place("func f() {‸", "go"), "\n\treturn", "\n\treturn"),
        ("recipes are another rule's", place("a:\n\tb\n‸", "make"), "    c", "    c"),
    ],
    ending.use_recipe_tabs: [
        ("first recipe", place("all: main.o\n‸", "makefile"), "    cc 甲", "\tcc 甲"),
        ("below the rule", place("all: main.o‸", "make"), "\n        cc", "\n\tcc"),
        (
            "a rule and its recipe",
            place("‸", "makefile"),
            "all: a\n  cc\n  ld",
            "all: a\n\tcc\n\tld",
        ),
        (
            "deeper stays deeper",
            place("all:\n‸", "makefile"),
            "  if x; then \\\n    y",
            "\tif x; then \\\n    y",
        ),
        ("deeper without a joint", place("all:\n‸", "makefile"), "  a\n    b", "\ta\n\t  b"),
        ("below a recipe", place("a:\n\tb\n‸", "makefile"), "    c", "\tc"),
        ("below a comment", place("a:\n# 甲\n\n‸", "gnumakefile"), "    c", "\tc"),
        ("in a condition", place("a:\nifdef X\n‸", "makefile"), "    c\nendif", "\tc\nendif"),
        (
            "no recipe: a directive",
            place("a:\n\tb\n‸", "makefile"),
            "  ifdef X\n  endif",
            "  ifdef X\n  endif",
        ),
        ("no recipe: below an assignment", place("A = b\n‸", "makefile"), "    C = d", "    C = d"),
        (
            "no recipe: := and ::=",
            place("A := b\nB ::= c\n‸", "makefile"),
            "    C = d",
            "    C = d",
        ),
        ("a pattern and variables", place("$(O:.c=.o): %.o: %.c‸", "makefile"), "\n  cc", "\n\tcc"),
        ("double colon", place("clean::‸", "makefile"), "\n  rm x", "\n\trm x"),
        ("a continued list of files", place("all: a \\\n   b\n‸", "makefile"), "    cc", "\tcc"),
        ("its continuation", place("all: a \\‸", "makefile"), "\n    b\n    cc", "\n    b\n\tcc"),
        ("the user's own tab", place("all:\n\t‸", "makefile"), "cc\n    ld", "cc\n\tld"),
        ("a tab already", place("all:‸", "makefile"), "\n\tcc", "\n\tcc"),
        ("another language", place("all:‸", "python"), "\n    cc", "\n    cc"),
        ("an unknown language", place("all:‸", "甲"), "\n    cc", "\n    cc"),
    ],
    ending.use_document_line_ends: [
        ("crlf", place("‸", eol="\r\n"), "甲\nb", "甲\r\nb"),
        ("cr", place("‸", eol="\r"), "a\nb", "a\rb"),
        ("lf", place("‸"), "a\nb", "a\nb"),
    ],
}

# Name, place, text before the rule, text and replaced text after it.
AROUND_REST = [
    ("pairs already", place("check(‸)", JS), "a) || check(b", "a) || check(b", ""),
    ("over a bracket", place("for (;i <‸)", "c"), " n; i++) {", " n; i++) {", ")"),
    ("over two", place("max(min(‸))", JS), "甲), lo);", "甲), lo);", "))"),
    (
        "over a quote and a bracket",
        place("it('‸')", JS),
        "a', () => {\n});",
        "a', () => {\n});",
        "')",
    ),
    ("cut before words", place("f(‸) + g(甲)"), "a) + h(b)", "a", ""),
    ("cannot replace", place("for (;i <‸)", "c", can_replace=False), " n; i++) {", " n; i++", ""),
    ("prose", place("(‸)", "markdown"), "a) b", "a) b", ""),
]


@pytest.mark.parametrize(
    ("rule", "at", "before", "after"),
    [
        pytest.param(rule, at, before, after, id=f"{rule.__name__}: {name}")
        for rule, cases in CASES.items()
        for name, at, before, after in cases
    ],
)
def test_each_rule_gives_the_text_of_its_case(
    rule: RuleFunction, at: CursorContext, before: str, after: str
) -> None:
    assert rule(before, at) == after


@pytest.mark.parametrize(
    ("at", "before", "after", "replaced"),
    [pytest.param(*case, id=name) for name, *case in AROUND_REST],
)
def test_brackets_fit_around_the_rest_of_the_line(
    at: CursorContext, before: str, after: str, replaced: str
) -> None:
    assert brackets.fit_around_rest(before, at) == Overwrite(after, len(replaced))
    assert at.rest.startswith(replaced)


def test_every_rule_has_cases() -> None:
    assert {*CASES, brackets.fit_around_rest} == {rule.function for rule in RULES}


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule.is_stable], ids=lambda r: r.name)
def test_what_a_stable_rule_has_cut_stays_cut(rule: Rule) -> None:
    """Whatever the model still says, as `early_stop` takes for granted of such a rule."""
    cases = [case for case in CASES[rule.function] if case[2] != case[3]]
    assert cases
    for _, at, before, after in cases:
        for more in ("\n", "\n\nx = 1\n", "\n)\n}\n", "\n    y(\n        z)"):
            assert rule.function(before + more, at) == after
