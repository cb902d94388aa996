"""The official Python client at work; prints what it saw as JSON lines.

`client.py URL CLUSTER CHANNEL` publishes, subscribes and resumes a durable; `client.py URL CLUSTER CHANNEL exchange COUNT`
reads so many events that somebody else has published, the last one twice, and publishes two of its own.
"""
import asyncio
import functools
import json
import sys


def without_loop(function):
    """Python 3.10 took away the argument `loop`, which these clients of 2020 still give."""

    @functools.wraps(function)
    def call(*args, loop=None, **kwargs):
        return function(*args, **kwargs)

    return call


for name in ("Queue", "Event", "Lock", "sleep", "wait", "wait_for", "gather", "open_connection", "ensure_future"):
    setattr(asyncio, name, without_loop(getattr(asyncio, name)))

from nats.aio.client import Client as NATS
from stan.aio.client import Client as STAN

PATIENCE_S = 10


def say(fact, value):
    print(json.dumps({"fact": fact, "value": value}), flush=True)


async def connect(url, cluster, client_id):
    nats = NATS()
    await nats.connect(servers=[url])
    stan = STAN()
    await stan.connect(cluster, client_id, nats=nats)
    return nats, stan


class Inbox:
    """Collects messages and acks the first few of them."""

    def __init__(self, stan, wanted, to_ack):
        self.stan = stan
        self.wanted = wanted
        self.to_ack = to_ack
        self.messages = []
        self.complete = asyncio.get_running_loop().create_future()
        self.subscription = None

    async def take(self, message):
        self.messages.append((message.seq, message.data.decode(), bool(message.proto.redelivered)))
        if len(self.messages) <= self.to_ack:
            await self.stan.ack(message)
        if len(self.messages) == self.wanted and not self.complete.done():
            self.complete.set_result(None)

    async def filled(self):
        await asyncio.wait_for(self.complete, PATIENCE_S)


async def main():
    url, cluster, channel, *exchanged = sys.argv[1:]
    if exchanged:
        await exchange(url, cluster, channel, int(exchanged[1]))
    else:
        await resume(url, cluster, channel)
    say("done", True)


async def exchange(url, cluster, channel, count):
    nats, stan = await connect(url, cluster, "python-exchange")
    payloads, replies = [], []
    complete = asyncio.get_running_loop().create_future()

    async def take(message):
        payloads.append(message.data.decode())
        replies.append(message.proto.reply)
        # The last one comes again, since its first delivery is not acked.
        if len(payloads) != count:
            await stan.ack(message)
        if len(payloads) == count + 1:
            complete.set_result(None)

    await stan.subscribe(channel, cb=take, deliver_all_available=True, manual_acks=True, ack_wait=1)
    await asyncio.wait_for(complete, PATIENCE_S)
    say("payloads", payloads)
    say("replies", replies)
    for number in (1, 2):
        await stan.publish(channel, json.dumps({"from": "Python", "id": number}).encode())
    await stan.close()
    await nats.close()


async def resume(url, cluster, channel):
    nats, stan = await connect(url, cluster, "python-client")
    for number in range(1, 11):
        await stan.publish(channel, f"event {number}".encode())
    say("published", 10)

    durable = dict(durable_name="python-durable", deliver_all_available=True, manual_acks=True, max_inflight=10, ack_wait=30)
    inbox = Inbox(stan, wanted=10, to_ack=7)
    subscription = await stan.subscribe(channel, cb=inbox.take, **durable)
    await inbox.filled()
    say("first sequences", [sequence for sequence, _, _ in inbox.messages])
    say("first payloads", [payload for _, payload, _ in inbox.messages])
    await subscription.close()
    await stan.close()
    await nats.close()

    nats, stan = await connect(url, cluster, "python-client")
    await stan.publish(channel, b"event 11")
    resumed = Inbox(stan, wanted=4, to_ack=4)
    subscription = await stan.subscribe(channel, cb=resumed.take, **durable)
    await resumed.filled()
    say("resumed sequences", [sequence for sequence, _, _ in resumed.messages])
    say("resumed redelivered", [redelivered for _, _, redelivered in resumed.messages])
    await subscription.unsubscribe()

    group = Inbox(stan, wanted=6, to_ack=0)
    for _ in range(2):
        await stan.subscribe(channel, queue="python-group", cb=group.take, start_at="sequence", sequence=6)
    await group.filled()
    say("group count", len(group.messages))
    await stan.close()
    await nats.close()


asyncio.run(main())
