package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net/http"
	"sync"
	"time"
)

// ErrClosed is what a closed server answers.
var ErrClosed = errors.New("server: closed")

type Item struct {
	ID    int       `json:"id"`
	Title string    `json:"title"`
	Added time.Time `json:"added"`
}

type Server struct {
	mu     sync.RWMutex
	items  map[int]Item
	nextID int
	closed bool
	clock  func() time.Time
}

func New(clock func() time.Time) *Server {
	return &Server{
		items:  make(map[int]Item),
		nextID: 1,
		clock:  clock,
	}
}

func (s *Server) Add(title string) (Item, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return Item{}, ErrClosed
	}
	item := Item{ID: s.nextID, Title: title, Added: s.clock()}
	s.items[item.ID] = item
	s.nextID++
	return item, nil
}

func (s *Server) Find(id int) (Item, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	item, ok := s.items[id]
	return item, ok
}

func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.Method {
	case http.MethodGet:
		var id int
		if _, err := fmt.Sscanf(r.URL.Path, "/items/%d", &id); err != nil {
			http.Error(w, "路径不对: "+r.URL.Path, http.StatusBadRequest)
			return
		}
		item, ok := s.Find(id)
		if !ok {
			http.NotFound(w, r)
			return
		}
		s.write(w, item)
	case http.MethodPost:
		var body struct {
			Title string `json:"title"`
		}
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		item, err := s.Add(body.Title)
		if errors.Is(err, ErrClosed) {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		w.WriteHeader(http.StatusCreated)
		s.write(w, item)
	default:
		w.Header().Set("Allow", "GET, POST")
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
	}
}

func (s *Server) write(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	if err := json.NewEncoder(w).Encode(value); err != nil {
		log.Printf("server: writing %T: %v", value, err)
	}
}

func (s *Server) Run(ctx context.Context, every time.Duration, work func(Item)) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			s.mu.Lock()
			s.closed = true
			s.mu.Unlock()
			return
		case <-ticker.C:
			s.mu.RLock()
			for _, item := range s.items {
				go work(item)
			}
			s.mu.RUnlock()
		}
	}
}
