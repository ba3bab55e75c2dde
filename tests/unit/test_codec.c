// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The codec by layouts made for it: each kind of field, lengths and counts
 * that lie, limits, and buffers that are too small.
 */
#include <stdlib.h>

#include "gikev2/gikev2_codec.h"
#include "test_util.h"

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
#define FIELD(kind, type, member, size, sub)                                   \
	{                                                                      \
		GIKEV2_F_##kind, offsetof(type, member), size, sub             \
	}
#define LAYOUT(var, fields, check)                                             \
	static const struct gikev2_layout var = { #var, fields,                \
						  ARRAY_LEN(fields), check }

/* ----------------------------------------------------------------- layouts */

struct plain {
	uint8_t u8;
	uint16_t u16;
	uint32_t u32;
	uint8_t octets[3];
	struct gikev2_chunk sized, rest;
};

static const struct gikev2_field plain_fields[] = {
	FIELD(INT, struct plain, u8, 1, NULL),
	FIELD(INT, struct plain, u16, 2, NULL),
	FIELD(INT, struct plain, u32, 4, NULL),
	FIELD(RESERVED, struct plain, u8, 2, NULL),
	FIELD(OCTETS, struct plain, octets, 3, NULL),
	FIELD(SIZE, struct plain, sized, 1, NULL),
	FIELD(CHUNK, struct plain, sized, 0, NULL),
};
LAYOUT(plain_layout, plain_fields, NULL);

static const struct gikev2_field rest_fields[] = {
	FIELD(INT, struct plain, u8, 1, NULL),
	FIELD(REST, struct plain, rest, 0, NULL),
};
LAYOUT(rest_layout, rest_fields, NULL);

/* | marker 0/7 | RESERVED | Length | value(2) | attributes | */
struct link {
	uint16_t value;
	struct gikev2_list attrs;
};

static const struct gikev2_field link_fields[] = {
	FIELD(MORE, struct link, value, 7, NULL),
	FIELD(RESERVED, struct link, value, 1, NULL),
	FIELD(LENGTH, struct link, value, 2, NULL),
	FIELD(INT, struct link, value, 2, NULL),
	FIELD(ATTRS, struct link, attrs, 0, NULL),
};
LAYOUT(link_layout, link_fields, NULL);

static const struct gikev2_layout *pick_link(uint8_t first)
{
	(void)first;
	return &link_layout;
}

static const struct gikev2_sub link_sub = { sizeof(struct link), 3, pick_link };

/* | kind | RESERVED | Length | and one octet, or two, or nothing to pick */
struct piece {
	uint8_t kind;
	uint16_t value;
};

static const struct gikev2_field short_fields[] = {
	FIELD(INT, struct piece, kind, 1, NULL),
	FIELD(RESERVED, struct piece, kind, 1, NULL),
	FIELD(LENGTH, struct piece, kind, 2, NULL),
};
LAYOUT(short_layout, short_fields, NULL);

static const struct gikev2_field long_fields[] = {
	FIELD(INT, struct piece, kind, 1, NULL),
	FIELD(RESERVED, struct piece, kind, 1, NULL),
	FIELD(LENGTH, struct piece, kind, 2, NULL),
	FIELD(INT, struct piece, value, 2, NULL),
};
LAYOUT(long_layout, long_fields, NULL);

static const struct gikev2_layout *pick_piece(uint8_t first)
{
	if (first > 2)
		return NULL;
	return first == 2 ? &long_layout : &short_layout;
}

static const struct gikev2_sub piece_sub = { sizeof(struct piece), 4,
					     pick_piece };

struct chain {
	uint8_t tail;
	struct gikev2_list links; /* struct link */
};

/* | links | */
static const struct gikev2_field chain_fields[] = {
	FIELD(CHAIN, struct chain, links, 0, &link_sub),
};
LAYOUT(chain_layout, chain_fields, NULL);

/* | number of links | links | one octet | */
static const struct gikev2_field counted_fields[] = {
	FIELD(COUNT, struct chain, links, 1, NULL),
	FIELD(CHAIN, struct chain, links, 0, &link_sub),
	FIELD(INT, struct chain, tail, 1, NULL),
};
LAYOUT(counted_layout, counted_fields, NULL);

struct list {
	struct gikev2_list pieces; /* struct piece */
	struct piece first;
};

/* | piece | pieces up to the end | */
static const struct gikev2_field list_fields[] = {
	FIELD(SUB, struct list, first, 0, &piece_sub),
	FIELD(LIST, struct list, pieces, 0, &piece_sub),
};
LAYOUT(list_layout, list_fields, NULL);

/* | attributes | */
static const struct gikev2_field attrs_fields[] = {
	FIELD(ATTRS, struct link, attrs, 0, NULL),
};
LAYOUT(attrs_layout, attrs_fields, NULL);

/* ----------------------------------------------------------------- helpers */

/* In memory of exactly that size, so that a step beyond it is seen. */
static struct gikev2_arena arena_new(size_t size)
{
	struct gikev2_arena arena = { malloc(size ? size : 1), size, 0 };

	assert_non_null(arena.base);
	return arena;
}

static void arena_free(struct gikev2_arena *arena)
{
	free(arena->base);
}

static int parse_in(const struct gikev2_layout *layout, const uint8_t *octets,
		    size_t len, struct gikev2_arena *arena, void *item,
		    size_t size)
{
	uint8_t *copy = malloc(len ? len : 1);
	int ret;

	assert_non_null(copy);
	memcpy(copy, octets, len);
	memset(item, 0, size);
	ret = gikev2_parse(layout, (struct gikev2_chunk){ copy, len }, arena,
			   item);
	free(copy);
	return ret;
}

/* Only what it returns: the octets are gone afterwards. */
static int parse(const struct gikev2_layout *layout, const char *hex)
{
	struct gikev2_arena arena = arena_new(65536);
	struct test_octets in = test_hex(hex);
	uint64_t room[32];
	int ret =
		parse_in(layout, in.octets, in.len, &arena, room, sizeof(room));

	arena_free(&arena);
	return ret;
}

/* Each prefix is malformed, and so is one octet more. */
static void assert_exact(const struct gikev2_layout *layout, const char *hex)
{
	struct gikev2_arena arena = arena_new(65536);
	struct test_octets in = test_hex(hex);
	uint64_t room[32];

	for (size_t len = 0; len <= in.len + 1; len++) {
		int ret = parse_in(layout, in.octets, len, &arena, room,
				   sizeof(room));

		if (ret != (len == in.len ? 0 : -GIKEV2_ERR_BAD_SYNTAX))
			fail_msg("%s: %d for %zu of %zu octets", layout->name,
				 ret, len, in.len);
	}
	arena_free(&arena);
}

/* *item makes these octets, and in less room it overflows. */
static void assert_generates(const struct gikev2_layout *layout,
			     const void *item, const char *hex)
{
	struct test_octets want = test_hex(hex);

	for (size_t size = 0; size <= want.len; size++) {
		struct gikev2_buf buf = { .ptr = malloc(size ? size : 1),
					  .size = size };

		assert_non_null(buf.ptr);
		gikev2_generate(layout, item, &buf);
		assert_int_equal(buf.overflow, size < want.len);
		if (!buf.overflow) {
			assert_int_equal(buf.len, want.len);
			assert_memory_equal(buf.ptr, want.octets, want.len);
		}
		free(buf.ptr);
	}
}

/* -------------------------------------------------------------- plain fields */

static const char plain_hex[] = "01 0203 04050607 0000 08090a 04 0b0c0d0e";

static void plain_parsed(void **state)
{
	struct test_octets in = test_hex(plain_hex);
	struct gikev2_arena arena = arena_new(0);
	struct plain item = { 0 };

	(void)state;
	/* reserved octets are ignored */
	in.octets[7] = 0xff;
	in.octets[8] = 0xff;
	assert_int_equal(
		gikev2_parse(&plain_layout,
			     (struct gikev2_chunk){ in.octets, in.len }, &arena,
			     &item),
		0);
	assert_int_equal(item.u8, 0x01);
	assert_int_equal(item.u16, 0x0203);
	assert_int_equal(item.u32, 0x04050607);
	assert_memory_equal(item.octets, "\x08\x09\x0a", 3);
	assert_int_equal(item.sized.len, 4);
	assert_ptr_equal(item.sized.ptr, in.octets + 13);
	assert_exact(&plain_layout, plain_hex);
	arena_free(&arena);
}

static void plain_generated(void **state)
{
	struct plain item = { .u8 = 0x01,
			      .u16 = 0x0203,
			      .u32 = 0x04050607,
			      .octets = { 8, 9, 10 },
			      .sized = { (const uint8_t *)"\x0b\x0c\x0d\x0e",
					 4 } };

	(void)state;
	assert_generates(&plain_layout, &item, plain_hex);
	item.sized = (struct gikev2_chunk){ NULL, 0 };
	assert_generates(&plain_layout, &item,
			 "01 0203 04050607 0000 08090a 00");
}

static void size_octet(void **state)
{
	static const uint8_t zeros[256];
	struct plain item = { .sized = { zeros, 255 } };
	uint8_t octets[300];
	struct gikev2_buf buf = { .ptr = octets, .size = sizeof(octets) };

	(void)state;
	gikev2_generate(&plain_layout, &item, &buf);
	assert_false(buf.overflow);
	assert_int_equal(octets[12], 255);
	/* what does not fit into the octet is not sent cut short */
	item.sized.len = 256;
	buf.len = 0;
	gikev2_generate(&plain_layout, &item, &buf);
	assert_true(buf.overflow);
}

static void rest(void **state)
{
	struct test_octets in = test_hex("01 aabbcc");
	struct gikev2_arena arena = arena_new(0);
	struct plain item = { 0 };

	(void)state;
	assert_int_equal(gikev2_parse(&rest_layout,
				      (struct gikev2_chunk){ in.octets, 4 },
				      &arena, &item),
			 0);
	assert_ptr_equal(item.rest.ptr, in.octets + 1);
	assert_int_equal(item.rest.len, 3);
	assert_generates(&rest_layout, &item, "01 aabbcc");
	assert_int_equal(parse(&rest_layout, "01"), 0);
	assert_int_equal(parse(&rest_layout, ""), -GIKEV2_ERR_BAD_SYNTAX);
	arena_free(&arena);
}

/* -------------------------------------------------------------- attributes */

static void attributes(void **state)
{
	struct test_octets in =
		test_hex("8001 1234  0002 0003 aabbcc  7fff 0000  ffff 8000");
	struct gikev2_arena arena = arena_new(1024);
	const struct gikev2_attr *attr;
	struct link item = { 0 };

	(void)state;
	assert_int_equal(
		gikev2_parse(&attrs_layout,
			     (struct gikev2_chunk){ in.octets, in.len }, &arena,
			     &item),
		0);
	assert_int_equal(item.attrs.count, 4);
	attr = item.attrs.items;
	assert_true(attr[0].tv && attr[0].type == 1 && attr[0].value == 0x1234);
	assert_true(!attr[1].tv && attr[1].type == 2 && attr[1].data.len == 3);
	assert_memory_equal(attr[1].data.ptr, "\xaa\xbb\xcc", 3);
	assert_true(!attr[2].tv && attr[2].type == 0x7fff &&
		    attr[2].data.len == 0);
	assert_true(attr[3].tv && attr[3].type == 0x7fff &&
		    attr[3].value == 0x8000);
	assert_generates(&attrs_layout, &item,
			 "8001 1234  0002 0003 aabbcc  7fff 0000  ffff 8000");
	arena_free(&arena);
}

static void attribute_lengths(void **state)
{
	(void)state;
	assert_int_equal(parse(&attrs_layout, ""), 0);
	assert_int_equal(parse(&attrs_layout, "0002 0002 aabb"), 0);
	assert_int_equal(parse(&attrs_layout, "0002 0003 aabb"),
			 -GIKEV2_ERR_BAD_SYNTAX);
	assert_int_equal(parse(&attrs_layout, "0002 0001 aabb"),
			 -GIKEV2_ERR_BAD_SYNTAX);
	assert_int_equal(parse(&attrs_layout, "0002 ffff aabb"),
			 -GIKEV2_ERR_BAD_SYNTAX);
	assert_int_equal(parse(&attrs_layout, "8002 00"),
			 -GIKEV2_ERR_BAD_SYNTAX);
}

static int parse_attributes(size_t count)
{
	struct gikev2_arena arena = arena_new(65536);
	uint8_t *octets = calloc(count, 4);
	struct link item;
	int ret;

	assert_non_null(octets);
	for (size_t i = 0; i < count; i++)
		octets[4 * i] = 0x80;
	ret = parse_in(&attrs_layout, octets, 4 * count, &arena, &item,
		       sizeof(item));
	free(octets);
	arena_free(&arena);
	return ret;
}

static void attribute_limit(void **state)
{
	static uint8_t zeros[65536];
	struct gikev2_attr attr = { .type = 1, .data = { zeros, 65535 } };
	struct link item = { .attrs = { &attr, 1 } };
	struct gikev2_buf buf = { .ptr = malloc(70000), .size = 70000 };

	(void)state;
	assert_non_null(buf.ptr);
	assert_int_equal(parse_attributes(GIKEV2_ATTRS_MAX), 0);
	assert_int_equal(parse_attributes(GIKEV2_ATTRS_MAX + 1),
			 -GIKEV2_ERR_LIMIT);
	gikev2_generate(&attrs_layout, &item, &buf);
	assert_false(buf.overflow);
	assert_int_equal(buf.len, 4 + 65535);
	attr.data.len = 65536;
	buf.len = 0;
	gikev2_generate(&attrs_layout, &item, &buf);
	assert_true(buf.overflow);
	free(buf.ptr);
}

/* ------------------------------------------------------------------ chains */

static const char chain_hex[] = "07 00 0006 1111  07 00 000a 2222 8001 0005"
				"00 00 0006 3333";

static void chain_parsed(void **state)
{
	struct test_octets in = test_hex(chain_hex);
	struct gikev2_arena arena = arena_new(1024);
	struct chain item = { 0 };
	const struct link *link;

	(void)state;
	assert_int_equal(
		gikev2_parse(&chain_layout,
			     (struct gikev2_chunk){ in.octets, in.len }, &arena,
			     &item),
		0);
	assert_int_equal(item.links.count, 3);
	link = item.links.items;
	assert_int_equal(link[0].value, 0x1111);
	assert_int_equal(link[0].attrs.count, 0);
	assert_int_equal(link[1].value, 0x2222);
	assert_int_equal(link[1].attrs.count, 1);
	assert_int_equal(link[2].value, 0x3333);
	assert_generates(&chain_layout, &item, chain_hex);
	assert_exact(&chain_layout, chain_hex);
	arena_free(&arena);
}

static const struct {
	const char *what, *hex;
	int expected;
} chains[] = {
	{ "one", "00 00 0006 1111", 0 },
	{ "none", "", -GIKEV2_ERR_BAD_SYNTAX },
	{ "does not end", "07 00 0006 1111", -GIKEV2_ERR_BAD_SYNTAX },
	{ "second does not end", "07 00 0006 1111  07 00 0006 1111",
	  -GIKEV2_ERR_BAD_SYNTAX },
	{ "goes on behind its end", "00 00 0006 1111  00 00 0006 1111",
	  -GIKEV2_ERR_BAD_SYNTAX },
	{ "wrong marker", "06 00 0006 1111  00 00 0006 1111",
	  -GIKEV2_ERR_BAD_SYNTAX },
	{ "length below the header", "00 00 0003 1111",
	  -GIKEV2_ERR_BAD_SYNTAX },
	{ "length zero", "07 00 0000 1111  00 00 0006 1111",
	  -GIKEV2_ERR_BAD_SYNTAX },
	{ "length of the header alone", "00 00 0004 1111",
	  -GIKEV2_ERR_BAD_SYNTAX },
	{ "length one short", "00 00 0005 1111", -GIKEV2_ERR_BAD_SYNTAX },
	{ "length one long", "00 00 0007 1111", -GIKEV2_ERR_BAD_SYNTAX },
	{ "length into the next", "07 00 0007 1111  00 00 0006 1111",
	  -GIKEV2_ERR_BAD_SYNTAX },
	{ "length over all", "00 00 ffff 1111", -GIKEV2_ERR_BAD_SYNTAX },
	{ "as many as may be",
	  "07 00 0006 1111  07 00 0006 1111  00 00 0006 1111", 0 },
	{ "one too many",
	  "07 00 0006 1111  07 00 0006 1111  07 00 0006 1111  00 00 0006 1111",
	  -GIKEV2_ERR_LIMIT },
};

static void chains_that_lie(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(chains); i++) {
		int ret = parse(&chain_layout, chains[i].hex);

		if (ret != chains[i].expected)
			fail_msg("%s: %d", chains[i].what, ret);
	}
}

static void counts_that_lie(void **state)
{
	struct link links[2] = { { .value = 0x1111 }, { .value = 0x2222 } };
	struct chain item = { .tail = 0x99, .links = { links, 2 } };
	static const char right[] = "02  07 00 0006 1111  00 00 0006 2222  99";

	(void)state;
	assert_generates(&counted_layout, &item, right);
	assert_exact(&counted_layout, right);
	assert_int_equal(parse(&counted_layout,
			       "01  07 00 0006 1111  00 00 0006 2222  99"),
			 -GIKEV2_ERR_BAD_SYNTAX);
	assert_int_equal(parse(&counted_layout,
			       "03  07 00 0006 1111  00 00 0006 2222  99"),
			 -GIKEV2_ERR_BAD_SYNTAX);
	assert_int_equal(parse(&counted_layout, "00 99"),
			 -GIKEV2_ERR_BAD_SYNTAX);
}

static void count_octet(void **state)
{
	struct link *links = calloc(256, sizeof(*links));
	struct chain item = { .links = { links, 255 } };
	uint8_t octets[2048];
	struct gikev2_buf buf = { .ptr = octets, .size = sizeof(octets) };

	(void)state;
	assert_non_null(links);
	gikev2_generate(&counted_layout, &item, &buf);
	assert_false(buf.overflow);
	assert_int_equal(octets[0], 255);
	item.links.count = 256;
	buf.len = 0;
	gikev2_generate(&counted_layout, &item, &buf);
	assert_true(buf.overflow);
	free(links);
}

/* ------------------------------------------------------ lists, one by first */

static const char list_hex[] = "02 00 0006 1111  01 00 0004  02 00 0006 2222";

static void list_parsed(void **state)
{
	struct test_octets in = test_hex(list_hex);
	struct gikev2_arena arena = arena_new(1024);
	const struct piece *piece;
	struct list item = { 0 };

	(void)state;
	assert_int_equal(
		gikev2_parse(&list_layout,
			     (struct gikev2_chunk){ in.octets, in.len }, &arena,
			     &item),
		0);
	assert_int_equal(item.first.value, 0x1111);
	assert_int_equal(item.pieces.count, 2);
	piece = item.pieces.items;
	assert_int_equal(piece[0].kind, 1);
	assert_int_equal(piece[1].kind, 2);
	assert_int_equal(piece[1].value, 0x2222);
	assert_generates(&list_layout, &item, list_hex);
	arena_free(&arena);
}

static const struct {
	const char *what, *hex;
	int expected;
} lists[] = {
	{ "none in the list", "01 00 0004", 0 },
	{ "none at all", "", -GIKEV2_ERR_BAD_SYNTAX },
	{ "no such kind", "03 00 0004", -GIKEV2_ERR_BAD_SYNTAX },
	{ "no such kind in the list", "01 00 0004  03 00 0004",
	  -GIKEV2_ERR_BAD_SYNTAX },
	{ "octets behind", "01 00 0004  01", -GIKEV2_ERR_BAD_SYNTAX },
	{ "octets behind the list", "01 00 0004  01 00 0004  01 00 00",
	  -GIKEV2_ERR_BAD_SYNTAX },
	{ "short kind, long length", "01 00 0006 1111",
	  -GIKEV2_ERR_BAD_SYNTAX },
	{ "long kind, short length", "02 00 0004 1111",
	  -GIKEV2_ERR_BAD_SYNTAX },
	{ "length one long in the list", "01 00 0004  01 00 0005",
	  -GIKEV2_ERR_BAD_SYNTAX },
	{ "length three", "01 00 0003", -GIKEV2_ERR_BAD_SYNTAX },
	{ "as many as may be",
	  "01 00 0004  01 00 0004  01 00 0004  01 00 0004  01 00 0004", 0 },
	{ "one too many",
	  "01 00 0004  01 00 0004  01 00 0004  01 00 0004  01 00 0004"
	  "01 00 0004",
	  -GIKEV2_ERR_LIMIT },
};

static void lists_that_lie(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
		int ret = parse(&list_layout, lists[i].hex);

		if (ret != lists[i].expected)
			fail_msg("%s: %d", lists[i].what, ret);
	}
}

/* A substructure of 65536 octets has no length to say so. */
static void length_field(void **state)
{
	static uint8_t zeros[65536];
	struct gikev2_attr attr = { .data = { zeros, 65535 - 10 } };
	struct link link = { .attrs = { &attr, 1 } };
	struct chain item = { .links = { &link, 1 } };
	struct gikev2_buf buf = { .ptr = malloc(70000), .size = 70000 };

	(void)state;
	assert_non_null(buf.ptr);
	gikev2_generate(&chain_layout, &item, &buf);
	assert_false(buf.overflow);
	assert_int_equal(gikev2_get_int(buf.ptr + 2, 2), 65535);
	attr.data.len++;
	buf.len = 0;
	gikev2_generate(&chain_layout, &item, &buf);
	assert_true(buf.overflow);
	free(buf.ptr);
}

/* ------------------------------------------------------------------- depth */

struct nest {
	uint8_t first;
	struct gikev2_list inner; /* struct nest */
};

static const struct gikev2_layout *pick_nest(uint8_t first);
static const struct gikev2_sub nest_sub = { sizeof(struct nest), 2, pick_nest };
static const struct gikev2_field nest_fields[] = {
	FIELD(INT, struct nest, first, 1, NULL),
	FIELD(RESERVED, struct nest, first, 1, NULL),
	FIELD(LENGTH, struct nest, first, 2, NULL),
	FIELD(LIST, struct nest, inner, 0, &nest_sub),
};
LAYOUT(nest_layout, nest_fields, NULL);

static const struct gikev2_layout *pick_nest(uint8_t first)
{
	(void)first;
	return &nest_layout;
}

static int parse_nested(size_t depth)
{
	struct gikev2_arena arena = arena_new(65536);
	uint8_t octets[100] = { 0 };
	struct nest item;
	int ret;

	for (size_t i = 0; i < depth; i++)
		gikev2_put_int(octets + 4 * i + 2, 4 * (depth - i), 2);
	ret = parse_in(&nest_layout, octets, 4 * depth, &arena, &item,
		       sizeof(item));
	arena_free(&arena);
	return ret;
}

static void depth(void **state)
{
	(void)state;
	/* the outermost is no substructure */
	for (size_t i = 1; i <= 6; i++)
		assert_int_equal(parse_nested(i), 0);
	for (size_t i = 7; i <= 20; i++)
		assert_int_equal(parse_nested(i), -GIKEV2_ERR_LIMIT);
}

/* --------------------------------------------------------------- arena, check */

static void arena_is_aligned_and_zeroed(void **state)
{
	struct gikev2_arena arena = arena_new(256);
	uint8_t *first, *second;

	(void)state;
	memset(arena.base, 0xff, arena.size);
	first = gikev2_arena_alloc(&arena, 3);
	second = gikev2_arena_alloc(&arena, 40);
	assert_non_null(first);
	assert_non_null(second);
	assert_true(second >= first + 3);
	assert_int_equal((uintptr_t)second % _Alignof(max_align_t), 0);
	for (size_t i = 0; i < 40; i++)
		assert_int_equal(second[i], 0);
	assert_null(gikev2_arena_alloc(&arena, 256));
	assert_null(gikev2_arena_alloc(&arena, SIZE_MAX));
	assert_non_null(gikev2_arena_alloc(
		&arena, 256 - arena.used - sizeof(max_align_t)));
	/* nothing left, and not even alignment for nothing */
	arena.used = 250;
	assert_null(gikev2_arena_alloc(&arena, 1));
	arena_free(&arena);
}

/* Whatever the arena's size, it is enough, or the message is refused. */
static void arena_exhausted(void **state)
{
	struct test_octets in = test_hex(chain_hex);
	struct gikev2_arena arena = arena_new(1024);
	struct chain item;
	size_t needed;

	(void)state;
	assert_int_equal(parse_in(&chain_layout, in.octets, in.len, &arena,
				  &item, sizeof(item)),
			 0);
	needed = arena.used;
	arena_free(&arena);
	assert_true(needed > 0);
	for (size_t size = 0; size < needed; size++) {
		arena = arena_new(size);
		assert_int_equal(parse_in(&chain_layout, in.octets, in.len,
					  &arena, &item, sizeof(item)),
				 -GIKEV2_ERR_LIMIT);
		arena_free(&arena);
	}
}

static int check_u8(const void *item)
{
	return ((const struct plain *)item)->u8 == 1 ? 0
						     : -GIKEV2_ERR_BAD_POLICY;
}

LAYOUT(checked_layout, rest_fields, check_u8);

static void what_fields_cannot_say(void **state)
{
	(void)state;
	assert_int_equal(parse(&checked_layout, "01"), 0);
	assert_int_equal(parse(&checked_layout, "02"), -GIKEV2_ERR_BAD_POLICY);
}

/* Once over, nothing more is written, not even what would fit. */
static void overflow_stays(void **state)
{
	uint8_t octets[4] = { 0 };
	struct gikev2_buf buf = { .ptr = octets, .size = sizeof(octets) };

	(void)state;
	assert_ptr_equal(gikev2_buf_int(&buf, 0x010203, 3), octets);
	assert_null(gikev2_buf_put(&buf, "ab", 2));
	assert_true(buf.overflow);
	assert_null(gikev2_buf_zero(&buf, 1));
	assert_null(gikev2_buf_int(&buf, 1, 1));
	assert_int_equal(buf.len, 3);
	assert_memory_equal(octets, "\x01\x02\x03\x00", 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_parsed),
		cmocka_unit_test(plain_generated),
		cmocka_unit_test(size_octet),
		cmocka_unit_test(rest),
		cmocka_unit_test(attributes),
		cmocka_unit_test(attribute_lengths),
		cmocka_unit_test(attribute_limit),
		cmocka_unit_test(chain_parsed),
		cmocka_unit_test(chains_that_lie),
		cmocka_unit_test(counts_that_lie),
		cmocka_unit_test(count_octet),
		cmocka_unit_test(list_parsed),
		cmocka_unit_test(lists_that_lie),
		cmocka_unit_test(length_field),
		cmocka_unit_test(depth),
		cmocka_unit_test(arena_is_aligned_and_zeroed),
		cmocka_unit_test(arena_exhausted),
		cmocka_unit_test(what_fields_cannot_say),
		cmocka_unit_test(overflow_stays),
	};

	return cmocka_run_group_tests_name("codec", tests, NULL, NULL);
}
