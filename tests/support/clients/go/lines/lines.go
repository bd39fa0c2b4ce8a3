// SPDX-License-Identifier: Apache-2.0

// Package lines is what the drivers of Go's clients share; ../../python/driver.py says what they read and write.
package lines

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"runtime/debug"
	"sort"
	"sync"
	"time"
)

// ConsumeTime is how long a consumer waits for the records that it was asked for.
const ConsumeTime = 10 * time.Second

type Header struct {
	Key   string
	Value []byte
}

type Record struct {
	Partition int32
	Offset    int64
	Timestamp *int64 // milliseconds; null: the client's
	Key       []byte // nil is null, here and below
	Value     []byte
	Headers   []Header
}

func (h *Header) UnmarshalJSON(data []byte) error {
	return json.Unmarshal(data, &[]any{&h.Key, &h.Value})
}
func (h Header) MarshalJSON() ([]byte, error) { return json.Marshal([]any{h.Key, h.Value}) }

func (r *Record) UnmarshalJSON(data []byte) error {
	return json.Unmarshal(data, &[]any{&r.Partition, &r.Timestamp, &r.Key, &r.Value, &r.Headers})
}

func (r Record) MarshalJSON() ([]byte, error) {
	headers := r.Headers
	if headers == nil {
		headers = []Header{}
	}
	return json.Marshal([]any{r.Partition, r.Offset, r.Timestamp, r.Key, r.Value, headers})
}

type Request struct {
	Op, Topic, Group, Member, Codec string
	Partition                       int32
	Partitions                      json.RawMessage
	Offset                          int64
	Count                           int
	Times                           []int64
	Idempotent                      bool
	Records                         []Record
}

type Description struct {
	Partitions [][2]int32 `json:"partitions"`
	Brokers    [][3]any   `json:"brokers"`
}

// Driver is a client. An offset that is nil is one that there is not.
type Driver interface {
	Name() (module, name string)
	Create(topic string, partitions int32) error
	Delete(topic string) error
	Topics() ([]string, error)
	Describe(topic string) (Description, error)
	Produce(topic, codec string, idempotent bool, records []Record) ([]int64, error)
	Consume(topic string, partition int32, offset int64, count int) ([]Record, error)
	Times(topic string, partition int32, times []int64) ([]*int64, error)
	Join(group, topic string, log *Log) (Member, error)
	Committed(group, topic string, partitions []int32) ([]*int64, error)
	Groups() ([]string, error)
	Group(group string) (state string, members int, err error)
	Code(err error) (code int16, known bool)
}

// Member is a consumer of a group that goes on by itself and tells its Log.
type Member interface {
	Commit() error
	Leave() error
}

// Log is what a member has seen; safe for several goroutines.
type Log struct {
	mutex    sync.Mutex
	begin    time.Time
	assigned map[int32]bool
	records  []Record
	firstMs  *int64
	fault    error
}

func (l *Log) Add(r Record) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if l.firstMs == nil {
		ms := time.Since(l.begin).Milliseconds()
		l.firstMs = &ms
	}
	l.records = append(l.records, r)
}

// Assign adds or takes away partitions.
func (l *Log) Assign(partitions []int32, has bool) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	for _, p := range partitions {
		if has {
			l.assigned[p] = true
		} else {
			delete(l.assigned, p)
		}
	}
}

func (l *Log) Fail(err error) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.fault = err
}

func (l *Log) state() (any, error) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	assigned := []int32{}
	for p := range l.assigned {
		assigned = append(assigned, p)
	}
	sort.Slice(assigned, func(i, j int) bool { return assigned[i] < assigned[j] })
	records := append([]Record{}, l.records...)
	return map[string]any{"assigned": assigned, "records": records, "first_ms": l.firstMs}, l.fault
}

type member struct {
	Member
	log *Log
}

func version(module string) string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, d := range info.Deps {
			if d.Path == module {
				return d.Version
			}
		}
	}
	return "?"
}

func one(name string, value any, err error) (any, error) { return map[string]any{name: value}, err }

func answer(driver Driver, members map[string]member, r Request) (any, error) {
	nothing := map[string]any{}
	switch r.Op {
	case "info":
		module, name := driver.Name()
		return one("client", name+" "+version(module), nil)
	case "create":
		var partitions int32
		if err := json.Unmarshal(r.Partitions, &partitions); err != nil {
			return nil, err
		}
		return nothing, driver.Create(r.Topic, partitions)
	case "delete":
		return nothing, driver.Delete(r.Topic)
	case "topics":
		topics, err := driver.Topics()
		sort.Strings(topics)
		return one("topics", topics, err)
	case "describe":
		return driver.Describe(r.Topic)
	case "produce":
		offsets, err := driver.Produce(r.Topic, r.Codec, r.Idempotent, r.Records)
		return one("offsets", offsets, err)
	case "consume":
		records, err := driver.Consume(r.Topic, r.Partition, r.Offset, r.Count)
		return one("records", append([]Record{}, records...), err)
	case "times":
		offsets, err := driver.Times(r.Topic, r.Partition, r.Times)
		return one("offsets", offsets, err)
	case "join":
		log := &Log{begin: time.Now(), assigned: map[int32]bool{}}
		joined, err := driver.Join(r.Group, r.Topic, log)
		members[r.Member] = member{joined, log}
		return nothing, err
	case "state":
		return members[r.Member].log.state()
	case "commit":
		return nothing, members[r.Member].Commit()
	case "leave":
		leaves := members[r.Member]
		delete(members, r.Member)
		return nothing, leaves.Leave()
	case "committed":
		var partitions []int32
		if err := json.Unmarshal(r.Partitions, &partitions); err != nil {
			return nil, err
		}
		offsets, err := driver.Committed(r.Group, r.Topic, partitions)
		return one("offsets", offsets, err)
	case "groups":
		groups, err := driver.Groups()
		return one("groups", groups, err)
	case "group":
		state, count, err := driver.Group(r.Group)
		return map[string]any{"state": state, "members": count}, err
	}
	return nil, fmt.Errorf("unknown operation %q", r.Op)
}

// Run answers the lines of stdin. make takes the bootstrap address.
func Run(makeDriver func(bootstrap string) (Driver, error)) {
	driver, err := makeDriver(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
	in := json.NewDecoder(bufio.NewReader(os.Stdin))
	out := json.NewEncoder(os.Stdout)
	members := map[string]member{}
	for {
		var request Request
		if in.Decode(&request) != nil {
			return
		}
		result, err := answer(driver, members, request)
		if err != nil {
			failed := map[string]any{"error": err.Error(), "code": nil}
			if code, known := driver.Code(err); known {
				failed["code"] = code
			}
			result = failed
		}
		if out.Encode(result) != nil {
			return
		}
	}
}
