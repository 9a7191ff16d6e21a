"""23blocks' API, by which people make meetings whose sessions are Vonage's.

Source: https://github.com/23blocks-OS/ai-agents at 9d1c1ee (`plugins/conversations-block`) for how it is
asked; https://github.com/23blocks-OS/frontend-sdk at 55cb5da (`packages/block-conversations/src/lib`) for the
lists of meetings, which the former lacks.

Contradictions observed, and what is done about them:
- two addresses are published: each is asked in turn, and whichever answers is asked from then on
- a list of meetings is in the SDK only, whose own audit flags a mismatch: where no address has one (404),
  nothing can be joined or polled, and that is said once
- neither says how a list's pages end: it is over with a page that is not full, or that brings nothing new
"""

from infra.providers.twentythree_blocks.api import TwentyThreeBlocks, open_twentythree_blocks

__all__ = ["TwentyThreeBlocks", "open_twentythree_blocks"]
