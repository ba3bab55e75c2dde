// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Table-driven wire codec.
 */
#include <string.h>

#include "gikev2/gikev2_codec.h"

/* Substructures within substructures within a payload. */
#define DEPTH_MAX 5

/* Type and Length of a TLV, all of a TV. */
#define ATTR_HEADER_LEN 4
#define ATTR_AF 0x8000

/* Every substructure has its 16 bit length here. */
#define SUB_LENGTH_OFFSET 2
#define SUB_HEADER_LEN 4

struct parser {
	const uint8_t *ptr, *end;
	struct gikev2_arena *arena;
	unsigned int depth;
};

static int parse_fields(struct parser *p, const struct gikev2_layout *layout,
			uint8_t *item, bool *more);
static void generate_item(const struct gikev2_layout *layout,
			  const uint8_t *item, bool more,
			  struct gikev2_buf *buf);

/* ------------------------------------------------------------------ memory */

void *gikev2_arena_alloc(struct gikev2_arena *arena, size_t size)
{
	const size_t align = _Alignof(max_align_t);
	size_t start = (arena->used + align - 1) & ~(align - 1);

	if (start > arena->size || size > arena->size - start)
		return NULL;
	arena->used = start + size;
	return memset(arena->base + start, 0, size);
}

uint8_t *gikev2_buf_zero(struct gikev2_buf *buf, size_t len)
{
	uint8_t *at = buf->ptr + buf->len;

	if (buf->overflow || len > buf->size - buf->len) {
		buf->overflow = true;
		return NULL;
	}
	memset(at, 0, len);
	buf->len += len;
	return at;
}

uint8_t *gikev2_buf_put(struct gikev2_buf *buf, const void *octets, size_t len)
{
	uint8_t *at = gikev2_buf_zero(buf, len);

	if (at && len)
		memcpy(at, octets, len);
	return at;
}

uint8_t *gikev2_buf_int(struct gikev2_buf *buf, uint32_t value, size_t octets)
{
	uint8_t *at = gikev2_buf_zero(buf, octets);

	if (at)
		gikev2_put_int(at, value, octets);
	return at;
}

uint32_t gikev2_get_int(const uint8_t *ptr, size_t octets)
{
	uint32_t value = 0;

	while (octets--)
		value = value << 8 | *ptr++;
	return value;
}

void gikev2_put_int(uint8_t *ptr, uint32_t value, size_t octets)
{
	while (octets--) {
		ptr[octets] = value & 0xff;
		value >>= 8;
	}
}

/* A field of 1, 2 or 4 octets is a C integer of that size. */
static uint32_t load_int(const uint8_t *place, size_t size)
{
	uint16_t u16;
	uint32_t u32;

	if (size == 1)
		return *place;
	if (size == 2) {
		memcpy(&u16, place, sizeof(u16));
		return u16;
	}
	memcpy(&u32, place, sizeof(u32));
	return u32;
}

static void store_int(uint8_t *place, size_t size, uint32_t value)
{
	uint16_t u16 = value;

	if (size == 1)
		*place = value;
	else if (size == 2)
		memcpy(place, &u16, sizeof(u16));
	else
		memcpy(place, &value, sizeof(value));
}

/* ----------------------------------------------------------------- parsing */

static size_t left(const struct parser *p)
{
	return p->end - p->ptr;
}

static const uint8_t *take(struct parser *p, size_t len)
{
	const uint8_t *at = p->ptr;

	if (left(p) < len)
		return NULL;
	p->ptr += len;
	return at;
}

static int parse_chunk(struct parser *p, struct gikev2_chunk *chunk, size_t len)
{
	chunk->ptr = take(p, len);
	chunk->len = len;
	return chunk->ptr ? 0 : -GIKEV2_ERR_BAD_SYNTAX;
}

/* One substructure: its own length says where it ends. */
static int parse_sub(struct parser *p, const struct gikev2_sub *sub,
		     uint8_t *item, bool *more)
{
	struct parser inner = *p;
	const struct gikev2_layout *layout;
	size_t len;
	int ret;

	if (left(p) < SUB_HEADER_LEN)
		return -GIKEV2_ERR_BAD_SYNTAX;
	if (++inner.depth > DEPTH_MAX)
		return -GIKEV2_ERR_LIMIT;
	len = gikev2_get_int(p->ptr + SUB_LENGTH_OFFSET, 2);
	if (len < SUB_HEADER_LEN || len > left(p))
		return -GIKEV2_ERR_BAD_SYNTAX;
	inner.end = p->ptr + len;
	layout = sub->pick(*p->ptr);
	if (!layout)
		return -GIKEV2_ERR_BAD_SYNTAX;
	ret = parse_fields(&inner, layout, item, more);
	p->ptr += len;
	return ret;
}

/* Each substructure takes at least its header, which bounds the first pass. */
static size_t count_subs(const struct parser *p, size_t max, bool chain)
{
	const uint8_t *ptr = p->ptr;
	size_t count = 0, len;

	while (p->end - ptr >= SUB_HEADER_LEN && count <= max) {
		len = gikev2_get_int(ptr + SUB_LENGTH_OFFSET, 2);
		count++;
		if ((chain && !*ptr) || len < SUB_HEADER_LEN ||
		    len > (size_t)(p->end - ptr))
			break;
		ptr += len;
	}
	return count;
}

static int parse_list(struct parser *p, const struct gikev2_field *field,
		      struct gikev2_list *list, size_t expected)
{
	const struct gikev2_sub *sub = field->sub;
	bool chain = field->kind == GIKEV2_F_CHAIN;
	size_t count = count_subs(p, sub->max, chain);
	bool more = false;
	int ret;

	if (count > sub->max)
		return -GIKEV2_ERR_LIMIT;
	if (expected != SIZE_MAX && count != expected)
		return -GIKEV2_ERR_BAD_SYNTAX;
	if (chain && !count)
		return -GIKEV2_ERR_BAD_SYNTAX;
	list->items = gikev2_arena_alloc(p->arena, count * sub->item_size);
	if (!list->items)
		return -GIKEV2_ERR_LIMIT;
	for (list->count = 0; list->count < count; list->count++) {
		ret = parse_sub(p, sub,
				(uint8_t *)list->items +
					list->count * sub->item_size,
				&more);
		if (ret < 0)
			return ret;
		if (more && list->count + 1 == count)
			return -GIKEV2_ERR_BAD_SYNTAX;
	}
	if (!chain && left(p))
		return -GIKEV2_ERR_BAD_SYNTAX;
	return 0;
}

static int parse_attr(struct parser *p, struct gikev2_attr *attr)
{
	const uint8_t *head = take(p, ATTR_HEADER_LEN);
	uint16_t type, value;

	if (!head)
		return -GIKEV2_ERR_BAD_SYNTAX;
	type = gikev2_get_int(head, 2);
	value = gikev2_get_int(head + 2, 2);
	attr->type = type & ~ATTR_AF;
	attr->tv = type & ATTR_AF;
	if (attr->tv) {
		attr->value = value;
		return 0;
	}
	return parse_chunk(p, &attr->data, value);
}

static int parse_attrs(struct parser *p, struct gikev2_list *list)
{
	struct gikev2_attr *attr;
	struct parser probe = *p;
	struct gikev2_attr skipped;
	size_t count = 0;
	int ret;

	for (; left(&probe); count++) {
		ret = parse_attr(&probe, &skipped);
		if (ret < 0)
			return ret;
	}
	if (count > GIKEV2_ATTRS_MAX)
		return -GIKEV2_ERR_LIMIT;
	attr = gikev2_arena_alloc(p->arena, count * sizeof(*attr));
	if (!attr)
		return -GIKEV2_ERR_LIMIT;
	list->items = attr;
	list->count = count;
	while (left(p))
		parse_attr(p, attr++);
	return 0;
}

struct parse_state {
	size_t size;	 /* what GIKEV2_F_SIZE read last */
	size_t expected; /* what GIKEV2_F_COUNT read last */
};

static int parse_field(struct parser *p, const struct gikev2_field *field,
		       uint8_t *item, bool *more, struct parse_state *state)
{
	void *place = item + field->offset;
	const uint8_t *octets;
	size_t len = field->size;

	switch (field->kind) {
	case GIKEV2_F_MORE:
	case GIKEV2_F_SIZE:
	case GIKEV2_F_COUNT:
		len = 1;
		break;
	case GIKEV2_F_LENGTH:
		len = 2;
		break;
	case GIKEV2_F_INT:
	case GIKEV2_F_RESERVED:
	case GIKEV2_F_OCTETS:
		break;
	case GIKEV2_F_CHUNK:
		return parse_chunk(p, place, state->size);
	case GIKEV2_F_REST:
		return parse_chunk(p, place, left(p));
	case GIKEV2_F_SUB:
		return parse_sub(p, field->sub, place, &(bool){ false });
	case GIKEV2_F_LIST:
	case GIKEV2_F_CHAIN:
		return parse_list(p, field, place, state->expected);
	case GIKEV2_F_ATTRS:
		return parse_attrs(p, place);
	}

	octets = take(p, len);
	if (!octets)
		return -GIKEV2_ERR_BAD_SYNTAX;
	if (field->kind == GIKEV2_F_INT)
		store_int(place, len, gikev2_get_int(octets, len));
	else if (field->kind == GIKEV2_F_OCTETS)
		memcpy(place, octets, len);
	else if (field->kind == GIKEV2_F_SIZE)
		state->size = *octets;
	else if (field->kind == GIKEV2_F_COUNT)
		state->expected = *octets;
	else if (field->kind == GIKEV2_F_MORE) {
		*more = *octets;
		if (*octets && *octets != field->size)
			return -GIKEV2_ERR_BAD_SYNTAX;
	}
	return 0;
}

static int parse_fields(struct parser *p, const struct gikev2_layout *layout,
			uint8_t *item, bool *more)
{
	struct parse_state state = { .expected = SIZE_MAX };
	int ret;

	for (size_t i = 0; i < layout->count; i++) {
		ret = parse_field(p, &layout->fields[i], item, more, &state);
		if (ret < 0)
			return ret;
	}
	if (left(p))
		return -GIKEV2_ERR_BAD_SYNTAX;
	return layout->check ? layout->check(item) : 0;
}

int gikev2_parse(const struct gikev2_layout *layout, struct gikev2_chunk in,
		 struct gikev2_arena *arena, void *item)
{
	struct parser p = { in.ptr, in.ptr + in.len, arena, 0 };

	return parse_fields(&p, layout, item, &(bool){ false });
}

/* -------------------------------------------------------------- generation */

static void generate_chunk(const struct gikev2_chunk *chunk,
			   struct gikev2_buf *buf)
{
	gikev2_buf_put(buf, chunk->ptr, chunk->len);
}

static void generate_attrs(const struct gikev2_list *list,
			   struct gikev2_buf *buf)
{
	const struct gikev2_attr *attr = list->items;

	for (size_t i = 0; i < list->count; i++, attr++) {
		gikev2_buf_int(buf, attr->type | (attr->tv ? ATTR_AF : 0), 2);
		if (attr->tv) {
			gikev2_buf_int(buf, attr->value, 2);
			continue;
		}
		if (attr->data.len > UINT16_MAX)
			buf->overflow = true;
		gikev2_buf_int(buf, attr->data.len, 2);
		generate_chunk(&attr->data, buf);
	}
}

static void generate_list(const struct gikev2_field *field,
			  const struct gikev2_list *list,
			  struct gikev2_buf *buf)
{
	const uint8_t *item = list->items;

	for (size_t i = 0; i < list->count; i++) {
		/* the first octet on the wire is the first in the structure */
		generate_item(field->sub->pick(*item), item,
			      i + 1 < list->count, buf);
		item += field->sub->item_size;
	}
}

static void generate_small(struct gikev2_buf *buf, size_t value)
{
	if (value > UINT8_MAX)
		buf->overflow = true;
	gikev2_buf_int(buf, value, 1);
}

static void generate_field(const struct gikev2_field *field,
			   const uint8_t *item, bool more,
			   struct gikev2_buf *buf)
{
	const void *place = item + field->offset;

	switch (field->kind) {
	case GIKEV2_F_INT:
		gikev2_buf_int(buf, load_int(place, field->size), field->size);
		break;
	case GIKEV2_F_RESERVED:
		gikev2_buf_zero(buf, field->size);
		break;
	case GIKEV2_F_OCTETS:
		gikev2_buf_put(buf, place, field->size);
		break;
	case GIKEV2_F_MORE:
		gikev2_buf_int(buf, more ? field->size : 0, 1);
		break;
	case GIKEV2_F_LENGTH:
		gikev2_buf_zero(buf, 2); /* set when the end is known */
		break;
	case GIKEV2_F_SIZE:
		generate_small(buf, ((const struct gikev2_chunk *)place)->len);
		break;
	case GIKEV2_F_COUNT:
		generate_small(buf, ((const struct gikev2_list *)place)->count);
		break;
	case GIKEV2_F_CHUNK:
	case GIKEV2_F_REST:
		generate_chunk(place, buf);
		break;
	case GIKEV2_F_SUB:
		generate_item(field->sub->pick(*(const uint8_t *)place), place,
			      false, buf);
		break;
	case GIKEV2_F_LIST:
	case GIKEV2_F_CHAIN:
		generate_list(field, place, buf);
		break;
	case GIKEV2_F_ATTRS:
		generate_attrs(place, buf);
		break;
	}
}

static void generate_item(const struct gikev2_layout *layout,
			  const uint8_t *item, bool more,
			  struct gikev2_buf *buf)
{
	size_t start = buf->len, length_at = SIZE_MAX;

	for (size_t i = 0; i < layout->count; i++) {
		if (layout->fields[i].kind == GIKEV2_F_LENGTH)
			length_at = buf->len;
		generate_field(&layout->fields[i], item, more, buf);
	}
	if (buf->overflow || length_at == SIZE_MAX)
		return;
	if (buf->len - start > UINT16_MAX)
		buf->overflow = true;
	else
		gikev2_put_int(buf->ptr + length_at, buf->len - start, 2);
}

void gikev2_generate(const struct gikev2_layout *layout, const void *item,
		     struct gikev2_buf *buf)
{
	generate_item(layout, item, false, buf);
}
