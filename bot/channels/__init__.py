"""The channels. A new one is a folder of the same shape and a line here."""

from bot.channels.contract import Channel, Facts
from bot.channels.terminal import channel as terminal
from bot.channels.webchat import channel as webchat

PULLED: tuple[Facts, ...] = (webchat.FACTS, terminal.FACTS)
"People's devices fetch; nothing is pushed and no address is kept."
PUSHED: tuple[Channel, ...] = ()
"We write to people at their address."
