#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ring.h"

#define RING_MIN 16
#define IS_POWER_OF_TWO(n) ((n) != 0 && (((n) & ((n) - 1)) == 0))

struct ring {
	size_t size;
	size_t head;	/* where the next byte is written */
	size_t tail;	/* where the next byte is read */
	unsigned char *bytes;
};

static size_t round_up(size_t n)
{
	size_t size = RING_MIN;

	while (size < n)
		size <<= 1;
	return size;
}

struct ring *ring_new(size_t wanted)
{
	struct ring *ring = calloc(1, sizeof(*ring));

	if (!ring)
		return NULL;
	ring->size = round_up(wanted);
	ring->bytes = malloc(ring->size);
	if (!ring->bytes) {
		free(ring);
		return NULL;
	}
	return ring;
}

void ring_free(struct ring *ring)
{
	if (ring)
		free(ring->bytes);
	free(ring);
}

size_t ring_used(const struct ring *ring)
{
	return (ring->head - ring->tail) & (ring->size - 1);
}

bool ring_is_empty(const struct ring *ring)
{
	return ring->head == ring->tail;
}

int ring_put(struct ring *ring, unsigned char byte)
{
	size_t next = (ring->head + 1) & (ring->size - 1);

	if (next == ring->tail)
		return -ENOSPC;
	ring->bytes[ring->head] = byte;
	ring->head = next;
	return 0;
}

int ring_get(struct ring *ring)
{
	int byte;

	if (ring_is_empty(ring))
		return -EAGAIN;
	byte = ring->bytes[ring->tail];
	ring->tail = (ring->tail + 1) & (ring->size - 1);
	return byte;
}

size_t ring_write(struct ring *ring, const char *text)
{
	size_t count = 0;

	for (const char *p = text; *p != '\0'; p++) {
		if (ring_put(ring, (unsigned char)*p) < 0) {
			fprintf(stderr, "ring: full after %zu bytes (of %zu)\n", count, strlen(text));
			break;
		}
		count++;
	}
	return count;
}

int ring_print(struct ring *ring, FILE *out)
{
	switch (ring_used(ring)) {
	case 0:
		return fputs("(empty)\n", out);
	case 1:
		return fprintf(out, "'%c'\n", ring_get(ring));
	default:
		while (!ring_is_empty(ring)) {
			int byte = ring_get(ring);

			if (byte == '(' || byte == ')')
				fputc('\\', out);
			fputc(byte, out);
		}
		return 0;
	}
}
