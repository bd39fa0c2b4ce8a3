// SPDX-License-Identifier: Apache-2.0

// franz-go as a driver.
package main

import (
	"context"
	"errors"
	"time"

	"kseg.test/clients/lines"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

var codecs = map[string]kgo.CompressionCodec{"none": kgo.NoCompression(), "gzip": kgo.GzipCompression(),
	"snappy": kgo.SnappyCompression(), "lz4": kgo.Lz4Compression(), "zstd": kgo.ZstdCompression()}

type driver struct {
	options []kgo.Opt
	client  *kgo.Client
	admin   *kadm.Client
}

func newDriver(bootstrap string) (lines.Driver, error) {
	options := []kgo.Opt{kgo.SeedBrokers(bootstrap), kgo.RetryBackoffFn(func(int) time.Duration { return 50 * time.Millisecond }),
		kgo.MetadataMinAge(100 * time.Millisecond)}
	client, err := kgo.NewClient(options...)
	if err != nil {
		return nil, err
	}
	return &driver{options, client, kadm.NewClient(client)}, nil
}

func (d *driver) with(more ...kgo.Opt) (*kgo.Client, error) {
	return kgo.NewClient(append(append([]kgo.Opt{}, d.options...), more...)...)
}

func (d *driver) Name() (string, string) { return "github.com/twmb/franz-go", "franz-go" }

func (d *driver) Code(err error) (int16, bool) {
	var known *kerr.Error
	if errors.As(err, &known) {
		return known.Code, true
	}
	return 0, false
}

func (d *driver) Create(topic string, partitions int32) error {
	_, err := d.admin.CreateTopic(context.Background(), partitions, 1, nil, topic)
	return err
}

func (d *driver) Delete(topic string) error {
	_, err := d.admin.DeleteTopic(context.Background(), topic)
	return err
}

func (d *driver) Topics() ([]string, error) {
	found, err := d.admin.ListTopics(context.Background())
	return found.Names(), err
}

func (d *driver) Describe(topic string) (lines.Description, error) {
	var result lines.Description
	found, err := d.admin.Metadata(context.Background(), topic)
	if err != nil {
		return result, err
	}
	for _, p := range found.Topics[topic].Partitions.Sorted() {
		result.Partitions = append(result.Partitions, [2]int32{p.Partition, p.Leader})
	}
	for _, b := range found.Brokers {
		result.Brokers = append(result.Brokers, [3]any{b.NodeID, b.Host, b.Port})
	}
	return result, found.Topics[topic].Err
}

func (d *driver) Produce(topic, codec string, idempotent bool, records []lines.Record) ([]int64, error) {
	options := []kgo.Opt{kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.ProducerBatchCompression(codecs[codec]),
		kgo.ProducerBatchMaxBytes(1_000_000), kgo.ProducerLinger(5 * time.Millisecond)}
	if !idempotent {
		options = append(options, kgo.DisableIdempotentWrite())
	}
	client, err := d.with(options...)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	sent := make([]*kgo.Record, 0, len(records))
	for _, r := range records {
		record := &kgo.Record{Topic: topic, Partition: r.Partition, Key: r.Key, Value: r.Value}
		if r.Timestamp != nil {
			record.Timestamp = time.UnixMilli(*r.Timestamp)
		}
		for _, h := range r.Headers {
			record.Headers = append(record.Headers, kgo.RecordHeader{Key: h.Key, Value: h.Value})
		}
		sent = append(sent, record)
	}
	if err := client.ProduceSync(context.Background(), sent...).FirstErr(); err != nil {
		return nil, err
	}
	offsets := make([]int64, 0, len(sent))
	for _, r := range sent {
		offsets = append(offsets, r.Offset)
	}
	return offsets, nil
}

func read(r *kgo.Record) lines.Record {
	ms := r.Timestamp.UnixMilli()
	result := lines.Record{Partition: r.Partition, Offset: r.Offset, Timestamp: &ms, Key: r.Key, Value: r.Value}
	for _, h := range r.Headers {
		result.Headers = append(result.Headers, lines.Header{Key: h.Key, Value: h.Value})
	}
	return result
}

// Checks CRCs, as it does unless told not to.
func (d *driver) Consume(topic string, partition int32, offset int64, count int) ([]lines.Record, error) {
	client, err := d.with(kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: {partition: kgo.NewOffset().At(offset)}}))
	if err != nil {
		return nil, err
	}
	defer client.Close()
	within, cancel := context.WithTimeout(context.Background(), lines.ConsumeTime)
	defer cancel()
	var found []lines.Record
	for len(found) < count && within.Err() == nil {
		fetched := client.PollFetches(within)
		if err := fetched.Err0(); err != nil && within.Err() == nil {
			return found, err
		}
		fetched.EachRecord(func(r *kgo.Record) { found = append(found, read(r)) })
	}
	return found, nil
}

func (d *driver) Times(topic string, partition int32, times []int64) ([]*int64, error) {
	var result []*int64
	for _, when := range times {
		var found kadm.ListedOffsets
		var err error
		switch when {
		case -1:
			found, err = d.admin.ListEndOffsets(context.Background(), topic)
		case -2:
			found, err = d.admin.ListStartOffsets(context.Background(), topic)
		default:
			found, err = d.admin.ListOffsetsAfterMilli(context.Background(), when, topic)
		}
		if err != nil {
			return nil, err
		}
		one, _ := found.Lookup(topic, partition)
		if one.Err != nil {
			return nil, one.Err
		}
		if when >= 0 && one.Timestamp < 0 { // the end, for want of a record
			result = append(result, nil)
		} else {
			result = append(result, &one.Offset)
		}
	}
	return result, nil
}

type member struct {
	client *kgo.Client
	ended  chan struct{}
}

func (d *driver) Join(group, topic string, log *lines.Log) (lines.Member, error) {
	changed := func(has bool) func(context.Context, *kgo.Client, map[string][]int32) {
		return func(_ context.Context, _ *kgo.Client, partitions map[string][]int32) {
			log.Assign(partitions[topic], has)
		}
	}
	client, err := d.with(kgo.ConsumerGroup(group), kgo.ConsumeTopics(topic), kgo.DisableAutoCommit(),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.SessionTimeout(6*time.Second),
		kgo.HeartbeatInterval(200*time.Millisecond), kgo.OnPartitionsAssigned(changed(true)),
		kgo.OnPartitionsRevoked(changed(false)), kgo.OnPartitionsLost(changed(false)))
	if err != nil {
		return nil, err
	}
	m := &member{client, make(chan struct{})}
	go func() {
		defer close(m.ended)
		for {
			fetched := client.PollFetches(context.Background())
			if fetched.IsClientClosed() {
				return
			}
			fetched.EachRecord(func(r *kgo.Record) { log.Add(read(r)) })
		}
	}()
	return m, nil
}

func (m *member) Commit() error { return m.client.CommitUncommittedOffsets(context.Background()) }

func (m *member) Leave() error {
	m.client.Close()
	<-m.ended
	return nil
}

func (d *driver) Committed(group, topic string, partitions []int32) ([]*int64, error) {
	found, err := d.admin.FetchOffsets(context.Background(), group)
	if err != nil {
		return nil, err
	}
	var result []*int64
	for _, p := range partitions {
		if one, ok := found.Lookup(topic, p); ok && one.At >= 0 {
			result = append(result, &one.At)
		} else {
			result = append(result, nil)
		}
	}
	return result, nil
}

func (d *driver) Groups() ([]string, error) {
	found, err := d.admin.ListGroups(context.Background())
	return found.Groups(), err
}

func (d *driver) Group(group string) (string, int, error) {
	found, err := d.admin.DescribeGroups(context.Background(), group)
	if err != nil {
		return "", 0, err
	}
	return found[group].State, len(found[group].Members), found[group].Err
}

func main() { lines.Run(newDriver) }
