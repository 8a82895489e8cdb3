package main

import (
	"bytes"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestTheSummaryTellsEachStep(t *testing.T) {
	steps, samples := story()
	answers := make([]Answer, 0, len(samples))
	for _, s := range samples {
		answers = append(answers, s.Item.Answer)
	}
	text := summary(steps, samples, answers)
	for _, want := range []string{
		"# The demo: 1 of 2 checks held", "## 1. Calm", "- ✓ it is calm (66 %)", "## 2. Outage", "- ✗ it holds (12 → 6)",
		"Answers that failed: 0 of 40", " 0:00  1 calm ", " 0:16  2 outage ",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the summary lacks %q:\n%s", want, text)
		}
	}
}

func TestThePictureIsWrittenInBothFormats(t *testing.T) {
	steps, samples := story()
	p := picture{steps: steps, samples: samples}
	for _, s := range samples {
		p.answers = append(p.answers, s.Item.Answer)
	}
	dir := t.TempDir()
	if err := p.save(dir); err != nil {
		t.Fatal(err)
	}
	drawn, err := os.ReadFile(filepath.Join(dir, svgFile))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"1  calm", "2  outage", "held: the average reads 51.0", "sans-serif", "<svg"} {
		if !bytes.Contains(drawn, []byte(want)) {
			t.Errorf("the SVG lacks %q", want)
		}
	}
	drawn, err = os.ReadFile(filepath.Join(dir, pngFile))
	if err != nil {
		t.Fatal(err)
	}
	image, err := png.Decode(bytes.NewReader(drawn))
	if err != nil {
		t.Fatal(err)
	}
	if size := image.Bounds().Size(); size.X != 1560 || size.Y != 1020 {
		t.Errorf("the PNG measures %v", size)
	}
}

func TestBandsFollowWhoAnswers(t *testing.T) {
	at := func(seconds int, a Answer) Answer { a.At = time.Duration(seconds) * time.Second; return a }
	from := Answer{Source: datadog, Container: proxy}
	away := Answer{Source: metricsServer}
	got := bands([]Answer{at(0, from), at(5, from), at(9, away), at(12, away), at(13, Answer{Failure: "503"}), at(30, from)}, 20)
	want := background{{0, 9, datadogBand.color}, {9, 13, fallbackBand.color}, {13, 20, nobodyBand.color}}
	if len(got) != len(want) {
		t.Fatalf("the bands are %v, want %v", got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("band %d is %v, want %v", i, got[i], want[i])
		}
	}
}

func TestTwoDemosDoNotShareADirectory(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "demo")
	first, release, err := claim(dir)
	if err != nil {
		t.Fatal(err)
	}
	second, releaseSecond, err := claim(dir)
	if err != nil {
		t.Fatal(err)
	}
	releaseSecond()
	release()
	third, release, err := claim(dir)
	if err != nil {
		t.Fatal(err)
	}
	release()
	if first != dir || second != dir+"-2" || third != dir {
		t.Errorf("the directories are %s, %s and, once free, %s", first, second, third)
	}
}
