"""What is in the data that tests of questions ask (fixture ``asked``), and what a publisher changed in it."""

from __future__ import annotations

ASKED = "qinglan/qinghe"
CAME_IN = "全年新增一句。"
