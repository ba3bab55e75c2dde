// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Fragments of messages (RFC 7383).
 *
 * What is sent is a flight: one datagram, or all fragments of a message one
 * behind the other.  Each says its length in its IKE header.
 */
#include <stdlib.h>
#include <string.h>

#include "gikev2/gikev2_int.h"

#define FRAGMENTS_MAX 64
/* Without another part of it, a message is given up (RFC 7383 section 2.6): the
 * longest time between two transmissions of one, and a half more. */
#define PATIENCE (48 * GIKEV2_SECOND)

/* Parts of one message; a later message takes the place of an earlier one. */
struct gikev2_fragments {
	uint32_t id;
	uint8_t exchange, flags;
	uint8_t first;	  /* type of the first payload */
	uint8_t reserved; /* of the first fragment */
	uint16_t total, present;
	uint64_t last; /* when a part of it came */
	size_t len;
	size_t *account; /* which len is part of; or NULL */
	struct gikev2_octets part[FRAGMENTS_MAX];
	struct gikev2_octets whole;
};

int gikev2_flight_seal(struct gikev2 *engine, struct gikev2_shield *shield,
		       struct gikev2_header *header, uint8_t first,
		       struct gikev2_chunk text, bool fragmentation,
		       struct gikev2_buf *out)
{
	size_t size = engine->params.fragment_size;
	size_t room = gikev2_shield_room(shield, size, false);
	struct gikev2_fragment fragment = { 0 };
	int ret = 0;

	if (!fragmentation ||
	    text.len <= gikev2_shield_room(shield, size, true))
		return gikev2_shield_seal(engine, shield, header, first,
					  &fragment, text, out);
	fragment.total = (text.len + room - 1) / room;
	if (fragment.total > FRAGMENTS_MAX)
		return -GIKEV2_ERR_TOO_LONG;
	while (ret == 0 && text.len) {
		struct gikev2_chunk part = { text.ptr, text.len < room
							       ? text.len
							       : room };

		fragment.number++;
		ret = gikev2_shield_seal(engine, shield, header, first,
					 &fragment, part, out);
		text.ptr += part.len;
		text.len -= part.len;
	}
	return ret;
}

void gikev2_flight_send(struct gikev2 *engine, const struct gikev2_path *path,
			struct gikev2_chunk flight)
{
	while (flight.len >= GIKEV2_HEADER_LEN) {
		size_t len = gikev2_get_int(flight.ptr + 24, 4);

		gikev2_output(engine, path, flight.ptr, len);
		flight.ptr += len;
		flight.len -= len;
	}
}

void gikev2_fragments_free(struct gikev2_fragments **fragments)
{
	if (!*fragments)
		return;
	for (size_t i = 0; i < (*fragments)->total; i++)
		gikev2_octets_free(&(*fragments)->part[i]);
	gikev2_octets_free(&(*fragments)->whole);
	if ((*fragments)->account)
		*(*fragments)->account -= (*fragments)->len;
	free(*fragments);
	*fragments = NULL;
}

void gikev2_fragments_expire(struct gikev2_fragments **fragments, uint64_t now)
{
	if (*fragments && now - (*fragments)->last > PATIENCE)
		gikev2_fragments_free(fragments);
}

static bool same_message(const struct gikev2_fragments *fragments,
			 const struct gikev2_header *header)
{
	return fragments->id == header->id &&
	       fragments->exchange == header->exchange &&
	       fragments->flags == header->flags;
}

/* The set that this fragment belongs to, begun when there is none. */
static int get_set(struct gikev2_fragments **fragments, size_t *account,
		   const struct gikev2_header *header, uint16_t total)
{
	struct gikev2_fragments *set = *fragments;

	if (set && same_message(set, header)) {
		/* fewer: an old one; more: the sender cut it smaller */
		if (total < set->total)
			return -GIKEV2_ERR_DUPLICATE;
		if (total == set->total)
			return 0;
	}
	gikev2_fragments_free(fragments);
	set = calloc(1, sizeof(*set));
	if (!set)
		return -GIKEV2_ERR_NO_MEMORY;
	set->id = header->id;
	set->exchange = header->exchange;
	set->flags = header->flags;
	set->total = total;
	set->account = account;
	*fragments = set;
	return 0;
}

static int join(struct gikev2_fragments *set, struct gikev2_chunk *text)
{
	struct gikev2_octets *whole = &set->whole;

	whole->ptr = malloc(set->len + 1); /* of no octets too */
	if (!whole->ptr)
		return -GIKEV2_ERR_NO_MEMORY;
	for (size_t i = 0; i < set->total; i++) {
		memcpy(whole->ptr + whole->len, set->part[i].ptr,
		       set->part[i].len);
		whole->len += set->part[i].len;
	}
	*text = gikev2_chunk(whole);
	return 1;
}

/* One more part; 0, or why there is no room for it. */
static int keep(struct gikev2_fragments *set, struct gikev2_octets *part,
		const struct gikev2_chunk *text)
{
	int ret;

	if (set->len + text->len > GIKEV2_MESSAGE_MAX)
		return -GIKEV2_ERR_LIMIT;
	if (set->account && *set->account + text->len > GIKEV2_REASSEMBLY_MAX)
		return -GIKEV2_ERR_REASSEMBLY_LIMIT;
	ret = gikev2_octets_set(part, text->ptr, text->len);
	if (ret < 0)
		return ret;
	set->len += text->len;
	if (set->account)
		*set->account += text->len;
	return 0;
}

int gikev2_fragment_add(struct gikev2_fragments **fragments, size_t *account,
			const struct gikev2_header *header, uint64_t now,
			struct gikev2_fragment *fragment, uint8_t *first,
			struct gikev2_chunk *text)
{
	struct gikev2_fragments *set;
	struct gikev2_octets *part;
	int ret;

	if (fragment->total > FRAGMENTS_MAX)
		return -GIKEV2_ERR_LIMIT;
	gikev2_fragments_expire(fragments, now);
	ret = get_set(fragments, account, header, fragment->total);
	if (ret < 0)
		return ret;
	set = *fragments;
	set->last = now;
	part = &set->part[fragment->number - 1];
	if (part->ptr)
		return 0;
	ret = keep(set, part, text);
	if (ret < 0)
		return ret;
	if (fragment->number == 1) {
		set->first = *first;
		set->reserved = fragment->reserved;
	}
	if (++set->present < set->total)
		return 0;
	*first = set->first;
	fragment->reserved = set->reserved;
	return join(set, text);
}
