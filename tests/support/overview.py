"""What the page of a study folder begins with: the data block that holds all of the report but its samples."""

import json
import re


def overview(folder):
    html = (folder / "report.html").read_text("utf-8")
    return json.loads(re.search(r'<script type="application/json" id="overview">(.*?)</script>', html, re.DOTALL)[1])
