// Answers what matchbox's answers depend on in Go's standard library, so that tests can compare: how JSON becomes a group
// or a profile, how a query is read, what a MAC address is, and what type a content has. Reads one question a line from
// stdin, and writes one answer a line.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"os"
)

type question struct {
	Kind  string `json:"kind"`
	Input []byte `json:"input"`
}

type answer struct {
	OK    bool `json:"ok"`
	Value any  `json:"value,omitempty"`
	// Error is for the reader; nothing compares it.
	Error string `json:"error,omitempty"`
}

// group has the keys of matchbox's storagepb.RichGroup.
type group struct {
	ID       string            `json:"id"`
	Name     string            `json:"name"`
	Profile  string            `json:"profile"`
	Selector map[string]string `json:"selector"`
	Metadata map[string]any    `json:"metadata"`
}

// profile has those of storagepb.Profile.
type profile struct {
	ID         string `json:"id"`
	Name       string `json:"name"`
	IgnitionID string `json:"ignition_id"`
	CloudID    string `json:"cloud_id"`
	Boot       *boot  `json:"boot"`
	GenericID  string `json:"generic_id"`
}

type boot struct {
	Kernel string   `json:"kernel"`
	Initrd []string `json:"initrd"`
	Args   []string `json:"args"`
}

func main() {
	log.SetFlags(0)
	in := bufio.NewReader(os.Stdin)
	encoder := json.NewEncoder(os.Stdout)
	for {
		line, err := in.ReadBytes('\n')
		if errors.Is(err, io.EOF) && len(line) == 0 {
			return
		}
		if err != nil && !errors.Is(err, io.EOF) {
			log.Fatal(err)
		}
		var asked question
		if err := json.Unmarshal(line, &asked); err != nil {
			log.Fatal(err)
		}
		if err := encoder.Encode(handle(asked)); err != nil {
			log.Fatal(err)
		}
	}
}

func handle(asked question) answer {
	switch asked.Kind {
	case "content-type":
		return answer{OK: true, Value: http.DetectContentType(asked.Input)}
	case "mac":
		address, err := net.ParseMAC(string(asked.Input))
		return answerOf(address.String(), err)
	case "query":
		// As url.URL.Query does, what cannot be read is left out.
		values, _ := url.ParseQuery(string(asked.Input))
		first := map[string]string{}
		for key := range values {
			first[key] = values.Get(key)
		}
		return answer{OK: true, Value: first}
	case "group":
		var read group
		err := json.Unmarshal(asked.Input, &read)
		return answerOf(read, err)
	case "profile":
		var read profile
		err := json.Unmarshal(asked.Input, &read)
		return answerOf(read, err)
	}
	log.Fatalf("%q is no kind of question", asked.Kind)
	return answer{}
}

func answerOf(value any, err error) answer {
	if err != nil {
		return answer{Error: err.Error()}
	}
	return answer{OK: true, Value: value}
}
