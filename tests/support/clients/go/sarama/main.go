// SPDX-License-Identifier: Apache-2.0

// sarama as a driver.
package main

import (
	"context"
	"errors"
	"net"
	"strconv"
	"sync"
	"time"

	"kseg.test/clients/lines"

	"github.com/IBM/sarama"
)

var codecs = map[string]sarama.CompressionCodec{"none": sarama.CompressionNone, "gzip": sarama.CompressionGZIP,
	"snappy": sarama.CompressionSnappy, "lz4": sarama.CompressionLZ4, "zstd": sarama.CompressionZSTD}

type driver struct{ bootstrap []string }

func newDriver(bootstrap string) (lines.Driver, error) { return &driver{[]string{bootstrap}}, nil }

func config() *sarama.Config {
	c := sarama.NewConfig()
	c.Version = sarama.MaxVersion
	c.Metadata.Retry.Max = 50
	c.Metadata.Retry.Backoff = 50 * time.Millisecond
	c.Producer.Return.Successes = true
	c.Producer.RequiredAcks = sarama.WaitForAll
	c.Producer.Partitioner = sarama.NewManualPartitioner
	c.Producer.MaxMessageBytes = 2_000_000
	c.Producer.Flush.Frequency = 5 * time.Millisecond
	c.Consumer.Retry.Backoff = 50 * time.Millisecond
	c.Consumer.Offsets.Initial = sarama.OffsetOldest
	c.Consumer.Offsets.AutoCommit.Enable = false
	c.Consumer.Group.Session.Timeout = 6 * time.Second
	c.Consumer.Group.Heartbeat.Interval = 200 * time.Millisecond
	return c
}

func (d *driver) Name() (string, string) { return "github.com/IBM/sarama", "sarama" }

func (d *driver) Code(err error) (int16, bool) {
	var topic *sarama.TopicError
	if errors.As(err, &topic) {
		return int16(topic.Err), true
	}
	var code sarama.KError
	if errors.As(err, &code) {
		return int16(code), true
	}
	return 0, false
}

// A client for each call: it is not asked here how soon it connects again.
func (d *driver) withAdmin(use func(sarama.ClusterAdmin) error) error {
	admin, err := sarama.NewClusterAdmin(d.bootstrap, config())
	if err != nil {
		return err
	}
	defer admin.Close()
	return use(admin)
}

func (d *driver) Create(topic string, partitions int32) error {
	return d.withAdmin(func(admin sarama.ClusterAdmin) error {
		return admin.CreateTopic(topic, &sarama.TopicDetail{NumPartitions: partitions, ReplicationFactor: 1}, false)
	})
}

func (d *driver) Delete(topic string) error {
	return d.withAdmin(func(admin sarama.ClusterAdmin) error { return admin.DeleteTopic(topic) })
}

func (d *driver) Topics() (result []string, err error) {
	err = d.withAdmin(func(admin sarama.ClusterAdmin) error {
		topics, err := admin.ListTopics()
		for name := range topics {
			if name[0] != '_' {
				result = append(result, name)
			}
		}
		return err
	})
	return result, err
}

func (d *driver) Describe(topic string) (result lines.Description, err error) {
	err = d.withAdmin(func(admin sarama.ClusterAdmin) error {
		topics, err := admin.DescribeTopics([]string{topic})
		if err != nil {
			return err
		}
		for _, p := range topics[0].Partitions {
			result.Partitions = append(result.Partitions, [2]int32{p.ID, p.Leader})
		}
		brokers, _, err := admin.DescribeCluster()
		for _, b := range brokers {
			host, port, _ := net.SplitHostPort(b.Addr())
			number, _ := strconv.Atoi(port)
			result.Brokers = append(result.Brokers, [3]any{b.ID(), host, number})
		}
		return err
	})
	return result, err
}

func encoder(data []byte) sarama.Encoder {
	if data == nil {
		return nil
	}
	return sarama.ByteEncoder(data)
}

func (d *driver) Produce(topic, codec string, idempotent bool, records []lines.Record) ([]int64, error) {
	c := config()
	c.Producer.Compression = codecs[codec]
	if idempotent {
		c.Producer.Idempotent = true
		c.Net.MaxOpenRequests = 1
	}
	producer, err := sarama.NewSyncProducer(d.bootstrap, c)
	if err != nil {
		return nil, err
	}
	defer producer.Close()
	sent := make([]*sarama.ProducerMessage, 0, len(records))
	for _, r := range records {
		message := &sarama.ProducerMessage{Topic: topic, Partition: r.Partition, Key: encoder(r.Key), Value: encoder(r.Value)}
		if r.Timestamp != nil {
			message.Timestamp = time.UnixMilli(*r.Timestamp)
		}
		for _, h := range r.Headers {
			message.Headers = append(message.Headers, sarama.RecordHeader{Key: []byte(h.Key), Value: h.Value})
		}
		sent = append(sent, message)
	}
	if err := producer.SendMessages(sent); err != nil {
		return nil, err
	}
	offsets := make([]int64, 0, len(sent))
	for _, m := range sent {
		offsets = append(offsets, m.Offset)
	}
	return offsets, nil
}

func read(m *sarama.ConsumerMessage) lines.Record {
	ms := m.Timestamp.UnixMilli()
	result := lines.Record{Partition: m.Partition, Offset: m.Offset, Timestamp: &ms, Key: m.Key, Value: m.Value}
	for _, h := range m.Headers {
		result.Headers = append(result.Headers, lines.Header{Key: string(h.Key), Value: h.Value})
	}
	return result
}

// Checks CRCs always.
func (d *driver) Consume(topic string, partition int32, offset int64, count int) ([]lines.Record, error) {
	consumer, err := sarama.NewConsumer(d.bootstrap, config())
	if err != nil {
		return nil, err
	}
	defer consumer.Close()
	from, err := consumer.ConsumePartition(topic, partition, offset)
	if err != nil {
		return nil, err
	}
	defer from.Close()
	var found []lines.Record
	for end := time.After(lines.ConsumeTime); len(found) < count; {
		select {
		case message := <-from.Messages():
			found = append(found, read(message))
		case <-end:
			return found, nil
		}
	}
	return found, nil
}

func (d *driver) Times(topic string, partition int32, times []int64) ([]*int64, error) {
	client, err := sarama.NewClient(d.bootstrap, config())
	if err != nil {
		return nil, err
	}
	defer client.Close()
	var result []*int64
	for _, when := range times {
		offset, err := client.GetOffset(topic, partition, when)
		if err != nil {
			return nil, err
		}
		if offset < 0 {
			result = append(result, nil)
		} else {
			result = append(result, &offset)
		}
	}
	return result, nil
}

type member struct {
	log     *lines.Log
	topic   string
	group   sarama.ConsumerGroup
	stop    context.CancelFunc
	ended   chan struct{}
	mutex   sync.Mutex
	session sarama.ConsumerGroupSession
}

func (m *member) Setup(session sarama.ConsumerGroupSession) error {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	m.session = session
	m.log.Assign(session.Claims()[m.topic], true)
	return nil
}

func (m *member) Cleanup(session sarama.ConsumerGroupSession) error {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	m.session = nil
	m.log.Assign(session.Claims()[m.topic], false)
	return nil
}

func (m *member) ConsumeClaim(session sarama.ConsumerGroupSession, claim sarama.ConsumerGroupClaim) error {
	for {
		select {
		case message, open := <-claim.Messages():
			if !open {
				return nil
			}
			m.log.Add(read(message))
			session.MarkMessage(message, "")
		case <-session.Context().Done():
			return nil
		}
	}
}

func (d *driver) Join(group, topic string, log *lines.Log) (lines.Member, error) {
	joined, err := sarama.NewConsumerGroup(d.bootstrap, group, config())
	if err != nil {
		return nil, err
	}
	within, stop := context.WithCancel(context.Background())
	m := &member{log: log, topic: topic, group: joined, stop: stop, ended: make(chan struct{})}
	go func() {
		defer close(m.ended)
		for within.Err() == nil {
			if joined.Consume(within, []string{topic}, m) != nil {
				time.Sleep(50 * time.Millisecond) // its broker is away
			}
		}
	}()
	return m, nil
}

func (m *member) Commit() error {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	if m.session == nil {
		return errors.New("no session")
	}
	// It tells no error, and forgets nothing that it could not commit, as after its broker was away.
	for range 4 {
		m.session.Commit()
		time.Sleep(50 * time.Millisecond)
	}
	return nil
}

func (m *member) Leave() error {
	m.stop()
	<-m.ended
	return m.group.Close()
}

func (d *driver) Committed(group, topic string, partitions []int32) (result []*int64, err error) {
	err = d.withAdmin(func(admin sarama.ClusterAdmin) error {
		found, err := admin.ListConsumerGroupOffsets(group, map[string][]int32{topic: partitions})
		if err != nil {
			return err
		}
		for _, p := range partitions {
			if block := found.GetBlock(topic, p); block != nil && block.Offset >= 0 {
				result = append(result, &block.Offset)
			} else {
				result = append(result, nil)
			}
		}
		return nil
	})
	return result, err
}

func (d *driver) Groups() (result []string, err error) {
	err = d.withAdmin(func(admin sarama.ClusterAdmin) error {
		groups, err := admin.ListConsumerGroups()
		for name := range groups {
			result = append(result, name)
		}
		return err
	})
	return result, err
}

func (d *driver) Group(group string) (state string, members int, err error) {
	err = d.withAdmin(func(admin sarama.ClusterAdmin) error {
		found, err := admin.DescribeConsumerGroups([]string{group})
		if err == nil {
			state, members = found[0].State, len(found[0].Members)
		}
		return err
	})
	return state, members, err
}

func main() { lines.Run(newDriver) }
