// Executes templates of text/template with JSON values, as matchbox does, so that tests can compare. Reads one request
// a line from stdin, and writes one answer a line.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"slices"
	"text/template"
	"unicode"
)

// maxOutput ends a template that writes without end.
const maxOutput = 64 << 20

type request struct {
	Template string          `json:"template"`
	Data     json.RawMessage `json:"data"`
	// Characters asks for the ranges of code points of Unicode that Go prints, or takes for part of a name.
	Characters string `json:"characters"`
}

type answer struct {
	OK     bool   `json:"ok"`
	Output []byte `json:"output,omitempty"`
	// Stage is where it failed: parse or exec.
	Stage string `json:"stage,omitempty"`
	// Error is for the reader; nothing compares it.
	Error string `json:"error,omitempty"`
	// Ranges are pairs of code points, the first and the last of each range.
	Ranges [][2]rune `json:"ranges,omitempty"`
}

func main() {
	log.SetFlags(0)
	in := bufio.NewReader(os.Stdin)
	out := bufio.NewWriter(os.Stdout)
	encoder := json.NewEncoder(out)
	for {
		line, err := in.ReadBytes('\n')
		if errors.Is(err, io.EOF) && len(line) == 0 {
			break
		}
		if err != nil && !errors.Is(err, io.EOF) {
			log.Fatal(err)
		}
		var asked request
		if err := json.Unmarshal(line, &asked); err != nil {
			log.Fatal(err)
		}
		if err := encoder.Encode(handle(asked)); err != nil {
			log.Fatal(err)
		}
		// Whoever waits for this answer has sent nothing else.
		if in.Buffered() == 0 {
			if err := out.Flush(); err != nil {
				log.Fatal(err)
			}
		}
	}
	if err := out.Flush(); err != nil {
		log.Fatal(err)
	}
}

func handle(asked request) answer {
	switch asked.Characters {
	case "printable":
		return answer{OK: true, Ranges: ranges(unicode.IsPrint)}
	case "name":
		return answer{OK: true, Ranges: ranges(func(r rune) bool {
			return r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r)
		})}
	}
	return execute(asked)
}

func execute(asked request) answer {
	var data any
	if err := json.Unmarshal(asked.Data, &data); err != nil {
		log.Fatal(err)
	}
	parsed, err := template.New("").Option("missingkey=error").Parse(asked.Template)
	if err != nil {
		return answer{Stage: "parse", Error: err.Error()}
	}
	var output limited
	if err := parsed.Execute(&output, clip(data)); err != nil {
		return answer{Stage: "exec", Error: err.Error()}
	}
	return answer{OK: true, Output: output.Bytes()}
}

// clip takes away the room behind the end of every list. How much of it the decoder leaves depends on Go's allocator, and
// a template can reach into it with slice.
func clip(value any) any {
	switch value := value.(type) {
	case []any:
		for i := range value {
			value[i] = clip(value[i])
		}
		return slices.Clip(value)
	case map[string]any:
		for key := range value {
			value[key] = clip(value[key])
		}
	}
	return value
}

type limited struct{ bytes.Buffer }

func (l *limited) Write(p []byte) (int, error) {
	if l.Len()+len(p) > maxOutput {
		return 0, fmt.Errorf("more than %d bytes", maxOutput)
	}
	return l.Buffer.Write(p)
}

func ranges(contains func(rune) bool) [][2]rune {
	var found [][2]rune
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if !contains(r) {
			continue
		}
		if last := len(found) - 1; last >= 0 && found[last][1] == r-1 {
			found[last][1] = r
		} else {
			found = append(found, [2]rune{r, r})
		}
	}
	return found
}
