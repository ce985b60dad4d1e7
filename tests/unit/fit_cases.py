"""Cases of what fits, over many languages; the cursor is where the ``‸`` is.

A third of them, by the names that begin with "keeps", are texts that nothing may be taken from.
"""

from typing import NamedTuple

CURSOR = "‸"


class Case(NamedTuple):
    name: str
    language_id: str
    document: str
    said: str
    shown: str
    replaced: str = ""
    """What follows the cursor and is replaced."""
    is_line: bool = False
    """One line is wanted."""


CASES = [
    # The rest of the cursor's line
    Case("call closed twice", "kotlin", 'println("你好, ‸")\n', '$name")', "$name"),
    Case("hole closed twice", "kotlin", 'val s = "a ${‸}"\n', 'user.name}"', "user.name"),
    Case("keeps a lambda", "kotlin", "list.map(‸)\n", "{ it * 2 }", "{ it * 2 }"),
    Case("keeps a closer of its own", "swift", "let n = Int(‸)\n", "read()", "read()"),
    Case("hole and quote", "swift", 'print("你 \\(‸)")\n', 'a.b())")', "a.b()"),
    Case("guard's else", "swift", "guard let x = ‸ else {\n    return\n}\n", "y else {", "y"),
    Case("statement's end", "php", "<?php\n$x = trim(‸);\n", "$name);", "$name"),
    Case("keeps an arrow function", "php", "<?php\n$x = f(‸);\n", "fn($a) => $a", "fn($a) => $a"),
    Case("array's end", "php", "<?php\n$a = ['甲' => ‸];\n", "[1, 2]];", "[1, 2]"),
    Case("symbol list", "ruby", "attr_accessor(:a, ‸)\n", ":b, :c)", ":b, :c"),
    Case("hole in a string", "ruby", 'puts "总数 #{‸}"\n', 'items.sum}"', "items.sum"),
    Case("keeps a block", "ruby", "items.each ‸\nend\n", "do |i|", "do |i|"),
    Case("table's end", "lua", "local t = { ‸ }\n", "a = 1, b = 2 }", "a = 1, b = 2"),
    Case("keeps an index", "lua", "return t[‸]\n", "#t", "#t"),
    Case("keeps a long bracket", "lua", "print(‸)\n", "[[a ) b]]", "[[a ) b]]"),
    Case("list's end", "haskell", "main = print (map f [‸])\n", "1, 2])", "1, 2"),
    Case("keeps a prime", "haskell", "go (‸)\n", "f x' y'", "f x' y'"),
    Case("keeps a character", "haskell", "split (‸) xs\n", "== ')'", "== ')'"),
    Case("list with semicolons", "ocaml", "let l = [‸]\n", "1; 2; 3]", "1; 2; 3"),
    Case(
        "keeps a type variable", "ocaml", "type t = (‸)\n", "'a, 'b) result", "'a, 'b) result", ")"
    ),
    Case("tuple", "elixir", "{:ok, ‸}\n", "value}", "value"),
    Case("keeps a map", "elixir", "x = %{‸}\n", "a: %{b: 1}", "a: %{b: 1}"),
    Case("pipe's end", "elixir", "IO.puts(‸)\n", '"#{x}")', '"#{x}"'),
    Case(
        "generic's end", "scala", "val m: Map[‸] = Map()\n", "String, Int] = Map()", "String, Int"
    ),
    Case("keeps a function type", "scala", "def f(‸): Int\n", "g: (Int) => Int", "g: (Int) => Int"),
    Case("values", "sql", "INSERT INTO t VALUES (1, ‸);\n", "'it''s');", "'it''s'"),
    Case("keeps a subquery", "sql", "SELECT * FROM (‸);\n", "SELECT (1)", "SELECT (1)"),
    Case("declaration's end", "css", "a {\n  color: ‸;\n}\n", "#fff;", "#fff"),
    Case("keeps a function", "css", "a {\n  width: ‸;\n}\n", "calc(1px + 2px)", "calc(1px + 2px)"),
    Case("array of strings", "dockerfile", 'CMD ["python", ‸]\n', '"-m", "app"]', '"-m", "app"'),
    Case("variable's end", "makefile", "OBJ := $(‸)\n", "SRC:.c=.o)", "SRC:.c=.o"),
    Case("keeps a call", "makefile", "X := $(‸)\n", "wildcard $(DIR)/*.c", "wildcard $(DIR)/*.c"),
    Case("group's end", "latex", "\\textbf{‸}\n", "粗体}", "粗体"),
    Case("keeps an interval", "latex", "für $x \\in ‸$\n", "[0, 1)", "[0, 1)"),
    Case("keeps a hash", "perl", "my %h = (‸);\n", "a => [1, 2]", "a => [1, 2]"),
    Case("subscript", "perl", "print $h{‸};\n", "name};", "name"),
    Case("arguments", "r", "df <- subset(df, ‸)\n", "x > 1)", "x > 1"),
    Case("keeps a formula", "r", "lm(‸)\n", "y ~ log(x)", "y ~ log(x)"),
    Case("hole in a string", "julia", 'println("$(‸)")\n', 'x.y)")', "x.y"),
    Case("keeps a transposition", "julia", "f(‸)\n", "A' * B'", "A' * B'"),
    Case("struct's end", "zig", "const p = Point{ ‸ };\n", ".x = 1, .y = 2 };", ".x = 1, .y = 2"),
    Case("keeps an error union", "zig", "fn f(‸) void {}\n", "a: []const u8", "a: []const u8"),
    Case("sequence's end", "nim", "let s = @[‸]\n", "1, 2]", "1, 2"),
    Case("keeps a character", "nim", "echo(‸)\n", "'('", "'('"),
    Case("widget's end", "dart", "  child: Text('甲 ‸'),\n", "乙'),", "乙"),
    Case("keeps a closure", "dart", "run(‸);\n", "() => go()", "() => go()"),
    Case(
        "attribute", "vue", '<template>\n  <a :href="‸">x</a>\n</template>\n', 'url">x</a>', "url"
    ),
    Case(
        "keeps an attribute",
        "vue",
        '<template>\n  <a :b="‸" />\n</template>\n',
        "a > 1 ? '甲' : b[0]",
        "a > 1 ? '甲' : b[0]",
    ),
    Case("attribute and text", "html", '<a href="‸">x</a>\n', 'https://x">y</a>', "https://x"),
    Case("tag's end", "xml", '<item id="1" ‸/>\n', 'name="甲"/>', 'name="甲"'),
    Case("entry's end", "clojure", '{:a "‸"}\n', '😀"}', "😀"),
    Case("keeps a character", "clojure", "(split-at ‸)\n", "\\( xs", "\\( xs"),
    Case("expansion's end", "powershell", 'Write-Host "$(‸)"\n', '$x.Name)"', "$x.Name"),
    Case("keeps a label", "shellscript", "case $x in\n  ‸\nesac\n", "a) go ;;", "a) go ;;"),
    Case("test's end", "shellscript", "if [[ -n ‸ ]]; then\n", '"$x" ]]; then', '"$x"'),
    Case("attribute's end", "rust", "#[derive(‸)]\n", "Debug, Clone)]", "Debug, Clone"),
    Case("keeps a raw string", "rust", "f(‸);\n", 'r#"a)"#', 'r#"a)"#'),
    Case("keeps a digit separator", "cpp", "f(‸);\n", "1'000'000", "1'000'000"),
    Case("verbatim string", "csharp", 'var p = @"‸";\n', 'C:\\a";', "C:\\a"),
    Case("hole in a string", "csharp", 'var s = $"{‸}";\n', 'a.B()}";', "a.B()"),
    Case("keeps an erlang character", "erlang", "f(‸).\n", "$(", "$("),
    Case(
        "anonymous function's end", "erlang", "lists:map(fun(X) -> ‸ end, L).\n", "X end, L)", "X"
    ),
    Case("header over a bracket", "go", "func f(‸)\n", "a int) error {", "a int) error {", ")"),
    Case("emoji and a bracket", "dart", "print('👩‍👩‍👧 ‸');\n", "😀');", "😀"),
    Case("chinese rest", "python", 'print("你‸好世界")\n', '们好世界")', "们"),
    Case("wide brackets are text", "markdown", "看（‸）\n", "例子）", "例子"),
    # Lines below
    Case("end", "elixir", "def f(x) do\n  ‸\nend\n", "x + 1\nend", "x + 1"),
    Case(
        "keeps an inner end",
        "elixir",
        "def f(x) do\n  ‸\nend\n",
        "if x do\n    1\n  end",
        "if x do\n    1\n  end",
    ),
    Case("end", "julia", "function f(x)\n    ‸\nend\n", "return x\nend", "return x"),
    Case(
        "one end of two",
        "julia",
        "function f(x)\n    for i in x\n        ‸\nend\n",
        "go(i)\n    end\nend",
        "go(i)\n    end",
    ),
    Case("fi", "shellscript", "if a; then\n  ‸\nfi\n", "b\nfi", "b"),
    Case(
        "keeps a done",
        "shellscript",
        "if a; then\n  ‸\nfi\n",
        "for i in 1 2; do\n    b\n  done",
        "for i in 1 2; do\n    b\n  done",
    ),
    Case("endif", "makefile", "ifdef X\n‸\nendif\n", "Y := 1\nendif", "Y := 1"),
    Case(
        "environment's end",
        "latex",
        "\\begin{itemize}\n  ‸\n\\end{itemize}\n",
        "\\item 甲\n\\end{itemize}",
        "\\item 甲",
    ),
    Case(
        "closing tag",
        "vue",
        "<template>\n  <div>\n    ‸\n  </div>\n</template>\n",
        "<p>{{ 甲 }}</p>\n  </div>\n</template>",
        "<p>{{ 甲 }}</p>",
    ),
    Case(
        "script in a document",
        "vue",
        "<script>\nfunction f() {\n  ‸\n}\n</script>\n",
        "return '}'\n}\n</script>",
        "return '}'",
    ),
    Case(
        "style in a document",
        "html",
        "<style>\na {\n  ‸\n}\n</style>\n",
        "color: red;\n}",
        "color: red;",
    ),
    Case(
        "keeps a needed brace",
        "swift",
        "func f() {\n    ‸\n\nfunc g() {}\n",
        "return 1\n}",
        "return 1\n}",
    ),
    Case(
        "brace with other indentation",
        "kotlin",
        "class A {\n    fun f() {\n        ‸\n    }\n}\n",
        "go()\n}\n}",
        "go()",
    ),
    Case(
        "next clause",
        "sql",
        "SELECT a,\n       ‸\nFROM t\nGROUP BY a;\n",
        "count(*)\nFROM t\nWHERE b;",
        "count(*)",
    ),
    Case("same key", "toml", '[tool]\nname = ‸\nversion = "1"\n', '"x"\nversion = "2"', '"x"'),
    Case("same key", "json", '{\n  "a": ‸\n  "b": 2\n}\n', '1,\n  "b": 3\n}', "1,"),
    Case(
        "keeps another item's key",
        "yaml",
        "a:\n  - name: ‸\n  - key: 2\n",
        "x\n    key: 1",
        "x\n    key: 1",
    ),
    Case(
        "otherwise",
        "haskell",
        "f x\n  | x > 0 = 1\n  ‸\n  | otherwise = 0\n",
        "| x < 0 = -1\n  | otherwise = 2",
        "| x < 0 = -1",
    ),
    Case(
        "last arm",
        "rust",
        "match x {\n    1 => a,\n    ‸\n    _ => b,\n}\n",
        "2 => c,\n    _ => d,\n}",
        "2 => c,",
    ),
    Case(
        "default",
        "dart",
        "switch (x) {\n  ‸\n  default:\n    a();\n}\n",
        "case 1:\n    b();\n  default:\n    c();\n}",
        "case 1:\n    b();",
    ),
    Case(
        "next instruction",
        "dockerfile",
        'FROM python:3\n‸\nCMD ["x"]\n',
        'RUN pip install .\nCMD ["x"]',
        "RUN pip install .",
    ),
    Case(
        "else that is there",
        "lua",
        "if a then\n  ‸\nelse\n  b()\nend\n",
        "c()\nelse\n  d()\nend",
        "c()",
    ),
    Case(
        "keeps the next test",
        "ruby",
        "  it { is_expected.to eq(1) }\n  ‸\n  it { is_expected.to eq(3) }\n",
        "it { is_expected.to eq(2) }",
        "it { is_expected.to eq(2) }",
    ),
    Case(
        "crlf",
        "csharp",
        "class A {\r\n\tvoid F() {\r\n\t\t‸\r\n\t}\r\n}\r\n",
        "甲();\r\n\t}\r\n}",
        "甲();",
    ),
    # Blocks, lines and indentation
    Case("next definition", "nim", "proc f(): int =\n  ‸\n", "1\n\nproc g(): int =\n  2", "1"),
    Case("keeps a paragraph", "r", "f <- function() {\n  ‸\n}\n", "a()\n\n  b()", "a()\n\n  b()"),
    Case(
        "member at a time",
        "kotlin",
        "class A {\n    fun‸\n}\n",
        " a() {\n        b()\n    }\n\n    fun c() {}",
        " a() {\n        b()\n    }",
    ),
    Case(
        "keeps an else",
        "scala",
        "def f = {\n  ‸\n}\n",
        "if (a) {\n    b\n  } else {\n    c\n  }",
        "if (a) {\n    b\n  } else {\n    c\n  }",
    ),
    Case(
        "tabs",
        "php",
        "<?php\nclass A {\n\tfunction f() {\n\t\t‸\n\t}\n}\n",
        "a();\n        b();",
        "a();\n\t\tb();",
    ),
    Case(
        "recipe", "makefile", "all:\n\techo 甲\n\t‸\n", "echo 乙\n    echo 丙", "echo 乙\n\techo 丙"
    ),
    Case("keeps a text block", "kotlin", 'val s = """\n‸\n"""\n', "  a )\n\n\t b", "  a )\n\n\t b"),
    Case(
        "keeps odd indentation",
        "ocaml",
        "let f x =\n   ‸\n",
        "let y = x in\n     y",
        "let y = x in\n     y",
    ),
    Case("comment", "sql", "-- 按‸\nSELECT 1;\n", "日期排序\nSELECT 2;", "日期排序"),
    Case("one line", "elixir", "x = ‸\n", "1\ny = 2", "1", is_line=True),
    Case(
        "end is there",
        "ruby",
        "class A\n  def f\n    ‸\n  end\nend\n",
        "super\n  end\n\n  def g\n  end\nend",
        "super",
    ),
    Case(
        "next section",
        "markdown",
        "# 标题\n\n‸\n\n## 下一节\n",
        "一段。\n\n## 下一节\n\n二",
        "一段。",
    ),
    Case("comment's end", "java", "/**\n * ‸\n */\nvoid f() {}\n", "甲\n */\nvoid g() {}", "甲"),
    Case("keeps a comment", "java", "/*\n * ‸\n */\n", "甲 (\n * 乙", "甲 (\n * 乙"),
    # Leaks and loops
    Case("token", "lua", "return ‸\n", "1<|endoftext|>\nlocal x", "1"),
    Case("keeps a pipe", "elixir", "x = ‸\n", "a |> b", "a |> b"),
    Case(
        "chat",
        "go",
        "func f() {\n\t‸\n}\n",
        "Sure! Here is the code:\n```go\nreturn\n```",
        "return",
    ),
    Case(
        "chinese chat",
        "python",
        "def f():\n    ‸\n",
        "当然，以下是代码：\n```python\nreturn 1\n```",
        "return 1",
    ),
    Case("keeps chat in a comment", "rust", "// ‸\n", "Sure, here is why", "Sure, here is why"),
    Case("keeps a fence", "markdown", "例如：\n\n‸\n", "```sh\nls\n```", "```sh\nls\n```"),
    Case(
        "loop", "sql", "SELECT 1;\n‸\n", "SELECT 2;\nSELECT 2;\nSELECT 2;\nSELECT 2;", "SELECT 2;"
    ),
    Case("control sign", "perl", "my $x = ‸;\n", "1\x1b[31m", "1"),
    Case("keeps figures", "julia", "x = [‸]\n", "1, 1, 1, 1, 1, 1, 1, 1", "1, 1, 1, 1, 1, 1, 1, 1"),
]
