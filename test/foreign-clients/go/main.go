// The official Go client at work; prints what it saw, one JSON line per fact. `main URL CLUSTER CHANNEL` publishes,
// subscribes and resumes a durable; `main URL CLUSTER CHANNEL exchange COUNT` reads so many events that somebody else has
// published, the last one twice, and publishes two of its own.
package main

import (
	"encoding/json"
	"fmt"
	"log"
	"os"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/stan.go"
)

const patience = 10 * time.Second

func say(fact string, value any) {
	line, err := json.Marshal(map[string]any{"fact": fact, "value": value})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(string(line))
}

func connect(url, cluster, clientID string) (stan.Conn, *nats.Conn) {
	nc, err := nats.Connect(url)
	if err != nil {
		log.Fatalf("nats connect: %v", err)
	}
	sc, err := stan.Connect(cluster, clientID, stan.NatsConn(nc), stan.Pings(1, 3), stan.PubAckWait(2*time.Second))
	if err != nil {
		log.Fatalf("stan connect: %v", err)
	}
	return sc, nc
}

// take waits for count messages, acks the first ackCount of them and returns what arrived.
func take(messages chan *stan.Msg, count, ackCount int) (sequences []uint64, payloads []string, redelivered []bool) {
	for i := 0; i < count; i++ {
		select {
		case m := <-messages:
			sequences = append(sequences, m.Sequence)
			payloads = append(payloads, string(m.Data))
			redelivered = append(redelivered, m.Redelivered)
			if i < ackCount {
				if err := m.Ack(); err != nil {
					log.Fatalf("ack: %v", err)
				}
			}
		case <-time.After(patience):
			log.Fatalf("message %d of %d did not arrive", i+1, count)
		}
	}
	return
}

func main() {
	url, cluster, channel := os.Args[1], os.Args[2], os.Args[3]
	if len(os.Args) > 4 {
		count, err := strconv.Atoi(os.Args[5])
		if err != nil {
			log.Fatalf("count: %v", err)
		}
		exchange(url, cluster, channel, count)
	} else {
		resume(url, cluster, channel)
	}
	say("done", true)
}

func exchange(url, cluster, channel string, count int) {
	sc, nc := connect(url, cluster, "go-exchange")
	messages := make(chan *stan.Msg, 100)
	options := []stan.SubscriptionOption{stan.DeliverAllAvailable(), stan.SetManualAckMode(), stan.AckWait(time.Second)}
	if _, err := sc.Subscribe(channel, func(m *stan.Msg) { messages <- m }, options...); err != nil {
		log.Fatalf("subscribe: %v", err)
	}
	var payloads, replies []string
	for len(payloads) < count+1 {
		select {
		case m := <-messages:
			payloads = append(payloads, string(m.Data))
			replies = append(replies, m.Reply)
			// The last one comes again, since its first delivery is not acked.
			if len(payloads) != count {
				if err := m.Ack(); err != nil {
					log.Fatalf("ack: %v", err)
				}
			}
		case <-time.After(patience):
			log.Fatalf("%d of %d messages arrived", len(payloads), count+1)
		}
	}
	say("payloads", payloads)
	say("replies", replies)
	for i := 1; i <= 2; i++ {
		payload, err := json.Marshal(map[string]any{"from": "Go", "id": i})
		if err != nil {
			log.Fatal(err)
		}
		if err := sc.Publish(channel, payload); err != nil {
			log.Fatalf("publish: %v", err)
		}
	}
	if err := sc.Close(); err != nil {
		log.Fatalf("close of the connection: %v", err)
	}
	nc.Close()
}

func resume(url, cluster, channel string) {
	sc, nc := connect(url, cluster, "go-client")

	for i := 1; i <= 5; i++ {
		if err := sc.Publish(channel, []byte(fmt.Sprintf("event %d", i))); err != nil {
			log.Fatalf("publish: %v", err)
		}
	}
	acked := make(chan error, 5)
	for i := 6; i <= 10; i++ {
		if _, err := sc.PublishAsync(channel, []byte(fmt.Sprintf("event %d", i)), func(_ string, err error) { acked <- err }); err != nil {
			log.Fatalf("publish async: %v", err)
		}
	}
	for i := 0; i < 5; i++ {
		if err := <-acked; err != nil {
			log.Fatalf("ack of a publish: %v", err)
		}
	}
	say("published", 10)

	messages := make(chan *stan.Msg, 100)
	durable := []stan.SubscriptionOption{stan.DurableName("go-durable"), stan.DeliverAllAvailable(), stan.SetManualAckMode(), stan.MaxInflight(10), stan.AckWait(30 * time.Second)}
	sub, err := sc.Subscribe(channel, func(m *stan.Msg) { messages <- m }, durable...)
	if err != nil {
		log.Fatalf("subscribe: %v", err)
	}
	sequences, payloads, _ := take(messages, 10, 7)
	say("first sequences", sequences)
	say("first payloads", payloads)
	if err := sub.Close(); err != nil {
		log.Fatalf("close: %v", err)
	}
	if err := sc.Close(); err != nil {
		log.Fatalf("close of the connection: %v", err)
	}
	nc.Close()

	sc, nc = connect(url, cluster, "go-client")
	if err := sc.Publish(channel, []byte("event 11")); err != nil {
		log.Fatalf("publish: %v", err)
	}
	resumed := make(chan *stan.Msg, 100)
	sub, err = sc.Subscribe(channel, func(m *stan.Msg) { resumed <- m }, durable...)
	if err != nil {
		log.Fatalf("resume: %v", err)
	}
	sequences, _, redelivered := take(resumed, 4, 4)
	say("resumed sequences", sequences)
	say("resumed redelivered", redelivered)
	if err := sub.Unsubscribe(); err != nil {
		log.Fatalf("unsubscribe: %v", err)
	}

	group := make(chan *stan.Msg, 100)
	for i := 0; i < 2; i++ {
		if _, err := sc.QueueSubscribe(channel, "go-group", func(m *stan.Msg) { group <- m }, stan.StartAtSequence(6)); err != nil {
			log.Fatalf("queue subscribe: %v", err)
		}
	}
	sequences, _, _ = take(group, 6, 0)
	say("group count", len(sequences))

	err = sc.Publish("not..a.channel", nil)
	say("publish refused", err != nil)
	_, err = stan.Connect(cluster, "go-client", stan.NatsURL(url))
	say("second client refused", fmt.Sprint(err))
	if err := sc.Close(); err != nil {
		log.Fatalf("close of the connection: %v", err)
	}
	nc.Close()
}
