// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Table-driven wire codec.
 *
 * A layout is a list of fields, each naming a kind and a place in a C
 * structure.  One parser and one generator read the same layout, so that
 * what is sent and what is understood cannot drift apart.
 *
 * Parsed structures borrow: chunks point into the message, and lists live in
 * an arena that is emptied before the next message.
 */
#ifndef GIKEV2_CODEC_H
#define GIKEV2_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gikev2/gikev2_crypto.h" /* struct gikev2_chunk */

/* Memory for one message; what does not fit is refused. */
struct gikev2_arena {
	uint8_t *base;
	size_t size, used;
};

/* Zeroed and aligned for any type; NULL when the arena is full. */
void *gikev2_arena_alloc(struct gikev2_arena *arena, size_t size);

/* A writer that remembers overflow instead of failing at each call. */
struct gikev2_buf {
	uint8_t *ptr;
	size_t len, size;
	bool overflow;
};

/* Each returns where it wrote, NULL on overflow. */
uint8_t *gikev2_buf_put(struct gikev2_buf *buf, const void *octets, size_t len);
uint8_t *gikev2_buf_zero(struct gikev2_buf *buf, size_t len);
uint8_t *gikev2_buf_int(struct gikev2_buf *buf, uint32_t value, size_t octets);

/* Big endian. */
uint32_t gikev2_get_int(const uint8_t *ptr, size_t octets);
void gikev2_put_int(uint8_t *ptr, uint32_t value, size_t octets);

struct gikev2_list {
	void *items;
	size_t count;
};

enum gikev2_field_kind {
	GIKEV2_F_INT,	   /* uint8_t, uint16_t or uint32_t by size */
	GIKEV2_F_RESERVED, /* size octets, sent zero, ignored on receipt */
	GIKEV2_F_OCTETS,   /* array of size octets */
	GIKEV2_F_MORE,	   /* 0 in the last of a list, else `size` */
	GIKEV2_F_LENGTH,   /* of the substructure, 2 octets */
	GIKEV2_F_SIZE,	   /* 1 octet: length of the chunk at offset */
	GIKEV2_F_COUNT,	   /* 1 octet: items in the list at offset */
	GIKEV2_F_CHUNK,	   /* chunk of that length */
	GIKEV2_F_REST,	   /* chunk: all that is left */
	GIKEV2_F_SUB,	   /* one substructure, in place */
	GIKEV2_F_LIST,	   /* substructures up to the end */
	GIKEV2_F_CHAIN,	   /* substructures up to the one marked last */
	GIKEV2_F_ATTRS,	   /* TV and TLV attributes up to the end */
};

struct gikev2_layout;

struct gikev2_field {
	enum gikev2_field_kind kind;
	uint16_t offset; /* in the C structure */
	uint16_t size;
	const struct gikev2_sub *sub; /* SUB, LIST, CHAIN */
};

/* The layouts that may stand in one place, told apart by the first octet. */
struct gikev2_sub {
	size_t item_size; /* of the C structure */
	size_t max;	  /* items in a list */
	const struct gikev2_layout *(*pick)(uint8_t first);
};

struct gikev2_layout {
	const char *name;
	const struct gikev2_field *fields;
	size_t count;
	/* What the fields cannot say; 0 or a negated reason.  May be NULL. */
	int (*check)(const void *item);
};

struct gikev2_attr {
	uint16_t type;
	bool tv;		  /* value in two octets, no length */
	uint16_t value;		  /* tv */
	struct gikev2_chunk data; /* TLV */
};

#define GIKEV2_ATTRS_MAX 256

/*
 * Parses all of `in` into *item, which the caller has zeroed.  -BAD_SYNTAX
 * when a length does not add up, -LIMIT when there is more than fits.
 */
int gikev2_parse(const struct gikev2_layout *layout, struct gikev2_chunk in,
		 struct gikev2_arena *arena, void *item);

/* Appends *item.  Overflow and over-long chunks show in buf->overflow. */
void gikev2_generate(const struct gikev2_layout *layout, const void *item,
		     struct gikev2_buf *buf);

#endif /* GIKEV2_CODEC_H */
