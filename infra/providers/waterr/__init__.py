"""Waterr's API.

Source: https://github.com/thinkharshh/docs at fdeff93 (2026-06-30): `openapi.yaml`,
`api-reference/{webhooks,post-meeting,meetings}.mdx`; revisions 53c9f8c (2026-02) and f4eb057 (2026-05-30).

Contradictions observed, and what is done about them:
- answers come as `{status: "success", data}`, `{success: true, data}` or bare, and a refusal may be 200 with
  `success: false`: all are read, by `success` first, for `status` is also a field of a meeting
- `/recordings/url-with-thumbnail/{id}` takes the meeting's id (webhooks) or Daily.co's (openapi): on 404 the
  other is tried
- an analysis that is not ready is 404, or 202 (an integrator's notes)
- how lists are paged, and what an item of `/recordings/meeting/{id}` or `/transcripts/meeting/{id}` looks
  like, is not published: pages are asked for as long as they bring what was not seen, items are searched
- limits are not published either (100 a minute for the same key elsewhere): we ask nine times in ten of that
"""

from infra.providers.waterr.api import open_waterr

__all__ = ["open_waterr"]
