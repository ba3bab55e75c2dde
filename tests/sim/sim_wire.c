// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a node puts on the wire: Message IDs grow by one, a repetition is a copy
 * to the octet, and no two messages are sealed under one key and IV.
 */
#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "sim.h"

#define ROOM_MIN 1024
#define SK_LEN (GIKEV2_HEADER_LEN + GIKEV2_PAYLOAD_HEADER_LEN)

static uint64_t digest(const uint8_t *octets, size_t len)
{
	uint64_t hash = len, word;

	for (; len >= sizeof(word);
	     octets += sizeof(word), len -= sizeof(word)) {
		memcpy(&word, octets, sizeof(word));
		hash = sim_mix(hash, word);
	}
	while (len--)
		hash = sim_mix(hash, *octets++);
	return hash;
}

static struct sim_stream *slot(const struct sim_wire *wire, uint64_t name)
{
	size_t at = name & (wire->room - 1);

	while (wire->streams[at].name && wire->streams[at].name != name)
		at = (at + 1) & (wire->room - 1);
	return &wire->streams[at];
}

static void grow(struct sim_wire *wire)
{
	struct sim_wire bigger = { .room = wire->room ? wire->room * 2
						      : ROOM_MIN,
				   .used = wire->used };

	bigger.streams = calloc(bigger.room, sizeof(*bigger.streams));
	assert(bigger.streams);
	for (size_t i = 0; i < wire->room; i++)
		if (wire->streams[i].name)
			*slot(&bigger, wire->streams[i].name) =
				wire->streams[i];
	free(wire->streams);
	*wire = bigger;
}

static struct sim_stream *stream_of(struct sim_wire *wire, uint64_t name)
{
	struct sim_stream *stream;

	if (wire->used * 2 >= wire->room)
		grow(wire);
	stream = slot(wire, name);
	if (!stream->name) {
		stream->name = name;
		wire->used++;
	}
	return stream;
}

/*
 * Copies of a GSA_REKEY may come between those of the next one: each is looked
 * at by itself.  True: it was sent before.
 */
static bool is_old_push(struct sim_node *from, const uint8_t *octets,
			uint64_t name, uint64_t hash)
{
	uint32_t id = gikev2_get_int(octets + 20, 4);
	struct sim_stream *stream =
		stream_of(&from->shard->wire, sim_mix(name, 'c' + id) | 1);
	bool old = stream->any;

	SIM_CHECK(from->sim, from, !old || hash == stream->last,
		  "two different messages with Message ID %u", id);
	stream->any = true;
	stream->last = hash;
	return old;
}

/* Messages of one end and kind: the window is one.  True: not a repetition. */
static bool check_id(struct sim_node *from, const uint8_t *octets,
		     uint64_t hash, uint64_t name)
{
	struct sim *sim = from->sim;
	uint32_t id = gikev2_get_int(octets + 20, 4);
	struct sim_stream *stream;
	bool repeated;

	/* fragments are messages of the same ID beside each other */
	if (octets[16] == GIKEV2_PLD_SKF)
		name = sim_mix(name, gikev2_get_int(octets + SK_LEN, 2));
	if (octets[18] == GIKEV2_GSA_REKEY &&
	    is_old_push(from, octets, name, hash))
		return false;
	stream = stream_of(&from->shard->wire, name | 1);
	repeated = stream->any && id == stream->id;
	if (repeated)
		SIM_CHECK(sim, from, hash == stream->last,
			  "two different messages with Message ID %u", id);
	else if (stream->any)
		SIM_CHECK(sim, from, id > stream->id, "Message ID %u after %u",
			  id, stream->id);
	stream->any = true;
	stream->id = id;
	stream->last = hash;
	return !repeated;
}

/* A counter: what is sealed anew has a higher one than all before. */
static void check_iv(struct sim_node *from, const uint8_t *octets, size_t len,
		     uint64_t name)
{
	size_t at = SK_LEN + (octets[16] == GIKEV2_PLD_SKF ? 4 : 0);
	struct sim_stream *stream;
	uint64_t iv;

	if (len < at + sizeof(iv))
		return;
	iv = (uint64_t)gikev2_get_int(octets + at, 4) << 32 |
	     gikev2_get_int(octets + at + 4, 4);
	stream = stream_of(&from->shard->wire, name | 1);
	SIM_CHECK(from->sim, from, iv > stream->iv,
		  "IV %" PRIu64 " after %" PRIu64, iv, stream->iv);
	stream->iv = iv;
}

uint64_t sim_wire_check(struct sim_node *from, const uint8_t *octets,
			size_t len)
{
	uint64_t hash = digest(octets, len), sa;

	from->shard->counts.datagrams++;
	/* what is in the clear has ID 0, and may be said in several ways */
	if (len < GIKEV2_HEADER_LEN ||
	    (octets[16] != GIKEV2_PLD_SK && octets[16] != GIKEV2_PLD_SKF))
		return hash;
	sa = sim_mix(digest(octets, 16), octets[19] & GIKEV2_FLAG_I);
	if (check_id(from, octets, hash,
		     sim_mix(sa, octets[19] & GIKEV2_FLAG_R ? 'R' : 'r')))
		check_iv(from, octets, len, sim_mix(sa, 'i'));
	return hash;
}

void sim_wire_free(struct sim_wire *wire)
{
	free(wire->streams);
	*wire = (struct sim_wire){ 0 };
}
