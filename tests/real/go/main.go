// Goroutines, channels, maps, sorting, hashing, JSON, regular expressions, big numbers, panics, files.
package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"
)

type Shape interface{ Area() float64 }
type Square struct{ Side float64 }
type Circle struct {
	Radius float64 `json:"r"`
	Name   string  `json:"name,omitempty"`
}

func (s Square) Area() float64  { return s.Side * s.Side }
func (c *Circle) Area() float64 { return 3 * c.Radius * c.Radius }

func filter(prime int, in <-chan int) <-chan int {
	out := make(chan int)
	go func() {
		defer close(out)
		for number := range in {
			if number%prime != 0 {
				out <- number
			}
		}
	}()
	return out
}

func sieve(limit int) (primes []int) {
	start := make(chan int)
	go func() {
		defer close(start)
		for number := 2; number <= limit; number++ {
			start <- number
		}
	}()
	for in := (<-chan int)(start); ; {
		prime, more := <-in
		if !more {
			return
		}
		primes = append(primes, prime)
		in = filter(prime, in)
	}
}

func caught(work func()) (message string) {
	defer func() { message = fmt.Sprint(recover()) }()
	work()
	return
}

type Tree[K comparable] struct{ children map[K]*Tree[K] }

func (t *Tree[K]) add(keys ...K) int {
	if len(keys) == 0 {
		return 0
	}
	if t.children == nil {
		t.children = map[K]*Tree[K]{}
	}
	if t.children[keys[0]] == nil {
		t.children[keys[0]] = &Tree[K]{}
	}
	return 1 + t.children[keys[0]].add(keys[1:]...)
}

func main() {
	primes := sieve(3000)
	fmt.Println(len(primes), primes[len(primes)-1])

	var group sync.WaitGroup
	var lock sync.Mutex
	counts := map[string]int{}
	words := strings.Fields(strings.Repeat("the red crane flew over the red lake ", 500))
	for part := range slices.Chunk(words, 100) {
		group.Add(1)
		go func() {
			defer group.Done()
			for _, word := range part {
				lock.Lock()
				counts[word]++
				lock.Unlock()
				runtime.Gosched()
			}
		}()
	}
	group.Wait()
	text, _ := json.Marshal(counts)
	fmt.Println(string(text))

	select {
	case <-time.After(20 * time.Millisecond):
		fmt.Println("waited")
	case <-make(chan int):
	}

	shapes := []Shape{Square{3}, &Circle{Radius: 2}, Square{1}, &Circle{1, "unit"}}
	slices.SortFunc(shapes, func(a, b Shape) int { return int(a.Area() - b.Area()) })
	for _, shape := range shapes {
		text, _ := json.Marshal(shape)
		fmt.Printf("%T %v %s\n", shape, shape.Area(), text)
	}

	fmt.Printf("%x\n", sha256.Sum256(bytes.Repeat([]byte("tancho"), 100000)))
	factorial := big.NewInt(1)
	for i := int64(2); i <= 60; i++ {
		factorial.Mul(factorial, big.NewInt(i))
	}
	fmt.Println(factorial, new(big.Rat).SetFrac64(355, 113).FloatString(30))
	fmt.Println(regexp.MustCompile(`(\w+)@(\w+)\.org`).ReplaceAllString("write to crane@lake.org or red@over.org", "$2 of $1"))

	var packed bytes.Buffer
	writer := gzip.NewWriter(&packed)
	io.WriteString(writer, strings.Repeat("abcdefgh", 20000))
	writer.Close()
	reader, _ := gzip.NewReader(&packed)
	plain, err := io.ReadAll(reader)
	fmt.Println(len(plain), err)

	tree := &Tree[rune]{}
	fmt.Println(tree.add([]rune("größe")...), tree.add([]rune("größer")...), len(tree.children))
	fmt.Println(caught(func() { var none []int; _ = none[len(os.Args)+5] }))
	fmt.Println(caught(func() { var none *Circle; none.Area() }))
	fmt.Println(caught(func() { panic(errors.New("own")) }))

	os.MkdirAll("/data/one/two", 0o755)
	os.WriteFile("/data/one/two/file", []byte("line 1\nline 2\n"), 0o644)
	filepath.WalkDir("/data", func(path string, entry fs.DirEntry, err error) error {
		fmt.Println(path, entry.IsDir(), err)
		return nil
	})
	file, _ := os.Open("/data/one/two/file")
	for lines := bufio.NewScanner(file); lines.Scan(); {
		fmt.Println(lines.Text())
	}
	file.Close()
	_, err = os.Stat("/data/none")
	fmt.Println(errors.Is(err, fs.ErrNotExist), os.RemoveAll("/data/one"))

	garbage := 0
	for i := range 2_000_000 {
		garbage += len(append([]byte(nil), "some bytes"[:i%10]...))
	}
	fmt.Println(garbage)
	os.Exit(7)
}
