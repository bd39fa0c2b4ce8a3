// SPDX-License-Identifier: Apache-2.0

// segmentio/kafka-go as a driver.
package main

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"kseg.test/clients/lines"

	"github.com/segmentio/kafka-go"
)

const wait = 30 * time.Second

var codecs = map[string]kafka.Compression{"none": 0, "gzip": kafka.Gzip, "snappy": kafka.Snappy, "lz4": kafka.Lz4, "zstd": kafka.Zstd}

type driver struct{ bootstrap string }

func newDriver(bootstrap string) (lines.Driver, error) { return &driver{bootstrap}, nil }

// A client for each call: it fails once on each connection that its broker has closed.
func (d *driver) client() *kafka.Client {
	return &kafka.Client{Addr: kafka.TCP(d.bootstrap), Timeout: wait, Transport: &kafka.Transport{}}
}

func (d *driver) Name() (string, string) { return "github.com/segmentio/kafka-go", "kafka-go" }

func (d *driver) Code(err error) (int16, bool) {
	var code kafka.Error
	if errors.As(err, &code) {
		return int16(code), true
	}
	return 0, false
}

func (d *driver) Create(topic string, partitions int32) error {
	done, err := d.client().CreateTopics(context.Background(), &kafka.CreateTopicsRequest{
		Topics: []kafka.TopicConfig{{Topic: topic, NumPartitions: int(partitions), ReplicationFactor: 1}}})
	if err != nil {
		return err
	}
	return done.Errors[topic]
}

func (d *driver) Delete(topic string) error {
	done, err := d.client().DeleteTopics(context.Background(), &kafka.DeleteTopicsRequest{Topics: []string{topic}})
	if err != nil {
		return err
	}
	return done.Errors[topic]
}

func (d *driver) Topics() ([]string, error) {
	found, err := d.client().Metadata(context.Background(), &kafka.MetadataRequest{})
	if err != nil {
		return nil, err
	}
	var result []string
	for _, topic := range found.Topics {
		if !strings.HasPrefix(topic.Name, "__") {
			result = append(result, topic.Name)
		}
	}
	return result, nil
}

func (d *driver) Describe(topic string) (lines.Description, error) {
	var result lines.Description
	found, err := d.client().Metadata(context.Background(), &kafka.MetadataRequest{Topics: []string{topic}})
	if err != nil {
		return result, err
	}
	for _, p := range found.Topics[0].Partitions {
		result.Partitions = append(result.Partitions, [2]int32{int32(p.ID), int32(p.Leader.ID)})
	}
	for _, b := range found.Brokers {
		result.Brokers = append(result.Brokers, [3]any{b.ID, b.Host, b.Port})
	}
	return result, found.Topics[0].Error
}

// Its writer chooses partitions by a balancer, which does not see what partition the caller wants: so one for each.
func (d *driver) Produce(topic, codec string, _ bool, records []lines.Record) ([]int64, error) {
	offsets := make([]int64, len(records))
	messages := map[int32][]kafka.Message{}
	for i, r := range records {
		message := kafka.Message{Key: r.Key, Value: r.Value, WriterData: i}
		if r.Timestamp != nil {
			message.Time = time.UnixMilli(*r.Timestamp)
		}
		for _, h := range r.Headers {
			message.Headers = append(message.Headers, kafka.Header{Key: h.Key, Value: h.Value})
		}
		messages[r.Partition] = append(messages[r.Partition], message)
	}
	for partition, ours := range messages {
		var mutex sync.Mutex
		writer := &kafka.Writer{Addr: kafka.TCP(d.bootstrap), Transport: &kafka.Transport{}, Topic: topic, RequiredAcks: kafka.RequireAll, Compression: codecs[codec],
			BatchSize: 1000, BatchBytes: 2_000_000, BatchTimeout: 5 * time.Millisecond,
			Balancer: kafka.BalancerFunc(func(kafka.Message, ...int) int { return int(partition) }),
			Completion: func(done []kafka.Message, _ error) {
				mutex.Lock()
				defer mutex.Unlock()
				for _, m := range done {
					offsets[m.WriterData.(int)] = m.Offset
				}
			}}
		err := writer.WriteMessages(context.Background(), ours...)
		if closed := writer.Close(); err == nil {
			err = closed
		}
		if err != nil {
			return nil, err
		}
	}
	return offsets, nil
}

func read(m kafka.Message) lines.Record {
	ms := m.Time.UnixMilli()
	result := lines.Record{Partition: int32(m.Partition), Offset: m.Offset, Timestamp: &ms, Key: m.Key, Value: m.Value}
	for _, h := range m.Headers {
		result.Headers = append(result.Headers, lines.Header{Key: h.Key, Value: h.Value})
	}
	return result
}

func (d *driver) reader(topic string, partition int, offset int64) (*kafka.Reader, error) {
	reader := kafka.NewReader(kafka.ReaderConfig{Brokers: []string{d.bootstrap}, Topic: topic, Partition: partition, MinBytes: 1,
		MaxBytes: 10_000_000, MaxWait: 200 * time.Millisecond, ReadBackoffMin: 10 * time.Millisecond})
	return reader, reader.SetOffset(offset)
}

func (d *driver) Consume(topic string, partition int32, offset int64, count int) ([]lines.Record, error) {
	reader, err := d.reader(topic, int(partition), offset)
	if err != nil {
		return nil, err
	}
	defer reader.Close()
	within, cancel := context.WithTimeout(context.Background(), lines.ConsumeTime)
	defer cancel()
	var found []lines.Record
	for len(found) < count {
		message, err := reader.ReadMessage(within)
		if err != nil {
			if within.Err() != nil {
				return found, nil
			}
			return found, err
		}
		found = append(found, read(message))
	}
	return found, nil
}

func (d *driver) Times(topic string, partition int32, times []int64) ([]*int64, error) {
	var result []*int64
	for _, when := range times {
		// One connection for one partition: the client's own request loses the answer for a time that is behind all.
		connection, err := kafka.DialLeader(context.Background(), "tcp", d.bootstrap, topic, int(partition))
		if err != nil {
			return nil, err
		}
		var offset int64
		switch when {
		case -1:
			offset, err = connection.ReadLastOffset()
		case -2:
			offset, err = connection.ReadFirstOffset()
		default:
			offset, err = connection.ReadOffset(time.UnixMilli(when))
		}
		connection.Close()
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
	driver     *driver
	topic      string
	log        *lines.Log
	group      *kafka.ConsumerGroup
	stop       context.CancelFunc
	ended      chan struct{}
	mutex      sync.Mutex
	generation *kafka.Generation
	next       map[int]int64
}

func (d *driver) Join(group, topic string, log *lines.Log) (lines.Member, error) {
	joined, err := kafka.NewConsumerGroup(kafka.ConsumerGroupConfig{ID: group, Brokers: []string{d.bootstrap}, Topics: []string{topic},
		HeartbeatInterval: 200 * time.Millisecond, SessionTimeout: 6 * time.Second, RebalanceTimeout: 6 * time.Second,
		JoinGroupBackoff: 100 * time.Millisecond, StartOffset: kafka.FirstOffset})
	if err != nil {
		return nil, err
	}
	within, stop := context.WithCancel(context.Background())
	m := &member{driver: d, topic: topic, log: log, group: joined, stop: stop, ended: make(chan struct{})}
	go func() {
		defer close(m.ended)
		for within.Err() == nil {
			if generation, err := joined.Next(within); err == nil {
				m.begin(generation)
			}
		}
	}()
	return m, nil
}

func (m *member) begin(generation *kafka.Generation) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	m.generation, m.next = generation, map[int]int64{}
	var partitions []int32
	for _, assigned := range generation.Assignments[m.topic] {
		partitions = append(partitions, int32(assigned.ID))
		generation.Start(func(ctx context.Context) { m.read(ctx, assigned) })
	}
	m.log.Assign(partitions, true)
	generation.Start(func(ctx context.Context) {
		<-ctx.Done()
		m.log.Assign(partitions, false)
	})
}

func (m *member) read(ctx context.Context, assigned kafka.PartitionAssignment) {
	reader, err := m.driver.reader(m.topic, assigned.ID, assigned.Offset)
	if err != nil {
		m.log.Fail(err)
		return
	}
	defer reader.Close()
	for {
		message, err := reader.ReadMessage(ctx)
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			continue
		}
		m.log.Add(read(message))
		m.mutex.Lock()
		m.next[assigned.ID] = message.Offset + 1
		m.mutex.Unlock()
	}
}

func (m *member) Commit() error {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	return m.generation.CommitOffsets(map[string]map[int]int64{m.topic: m.next})
}

func (m *member) Leave() error {
	m.stop()
	err := m.group.Close()
	<-m.ended
	return err
}

func (d *driver) Committed(group, topic string, partitions []int32) ([]*int64, error) {
	var asked []int
	for _, p := range partitions {
		asked = append(asked, int(p))
	}
	found, err := d.client().OffsetFetch(context.Background(), &kafka.OffsetFetchRequest{GroupID: group, Topics: map[string][]int{topic: asked}})
	if err != nil {
		return nil, err
	}
	offsets := map[int]int64{}
	for _, p := range found.Topics[topic] {
		offsets[p.Partition] = p.CommittedOffset
	}
	var result []*int64
	for _, p := range asked {
		if offset, ok := offsets[p]; ok && offset >= 0 {
			result = append(result, &offset)
		} else {
			result = append(result, nil)
		}
	}
	return result, found.Error
}

func (d *driver) Groups() ([]string, error) {
	found, err := d.client().ListGroups(context.Background(), &kafka.ListGroupsRequest{})
	if err != nil {
		return nil, err
	}
	var result []string
	for _, group := range found.Groups {
		result = append(result, group.GroupID)
	}
	return result, found.Error
}

func (d *driver) Group(group string) (string, int, error) {
	found, err := d.client().DescribeGroups(context.Background(), &kafka.DescribeGroupsRequest{GroupIDs: []string{group}})
	if err != nil {
		return "", 0, err
	}
	return found.Groups[0].GroupState, len(found.Groups[0].Members), found.Groups[0].Error
}

func main() { lines.Run(newDriver) }
