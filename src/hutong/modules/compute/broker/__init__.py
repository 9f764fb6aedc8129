"""The broker at work: one turn looks at the centres, settles what ended, and places what waits.

Decisions are the engine's (`hutong.engines.broker`); every one of them becomes an operation of the hub.
"""
