"""Texts that would be something else than text, if Streamlit read them as Markdown."""

from __future__ import annotations

import random

ELSEWHERE = "http://127.0.0.1:9"  # another origin; nobody listens there
HOSTILE = (
    f"![]({ELSEWHERE}/x.png) <img src={ELSEWHERE}/y.png> [a](javascript:alert(1)) "
    rf"$\href{{{ELSEWHERE}}}{{x}}$ :red[x] **b**"
)
_LINES = r"""
![](http://127.0.0.1:9/x.png)
<img src=http://127.0.0.1:9/y.png>
[a](javascript:alert(1))
$\href{http://127.0.0.1:9}{x}$
:red[x]
:blue-background[x]
:red-badge[x]
:help[x]
:small[x]
**b**
*i*
_i_
__b__
~~s~~
~s~
`code`
```mermaid
$$x$$
$x$ and $y$
\(x\)
\*
a\
:material/lock:
:material_lock:
:streamlit:
:smile:
:+1:
:-1:
a:smile:b
::x
:::note
http://a.example
HTTPS://a.example/x?y
www.a.example
WWW.A.EXAMPLE
a@b.example
mailto:a@b.example
<http://a.example>
[x]: http://a.example
[^1]
[ ] x
- [x] y
<b>b</b>
<!-- c -->
&lt;b&gt; &amp;
# head
## head
- item
+ item
* item
1. item
12) item
> quote
---
===
| a | b |
-
a -> b
a <- b
a <-> b
a -- b
a >= b
a <= b
a ~= b
->
--
a->b
2 < 3 > 1
snake_case_name
_private
dunder__x
λ = 0.10 · 5 %
naïve – “so”
C:\new\table
a|b
!x
{a}{b}
12:30
say "no"
it's
(c) (tm)
50% off!
f(x) = x^2
a  b
[1, 2]
["x"]
"""
_draw = random.Random(0)
TEXTS = [
    HOSTILE,
    "x" * 184,
    *_LINES.strip().splitlines(),
    *("".join(_draw.choices("\\`*_{}[]<>()#+-.!|~$:@&/='\" ab1w", k=12)).strip() or "x" for _ in range(120)),
]
