// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The key channel's messages.
 *
 * What a message looks like is said once, in the field tables below; one
 * encoder and one decoder walk them.  Integers are in network octet order, a
 * text or a string of octets is preceded by its length, a list by the number
 * of its elements, one octet each.
 */
#include <string.h>

#include "mrkm/mrkm_msg.h"

enum field_kind {
	FIELD_UINT,   /* `size` octets, value `min`..`max` */
	FIELD_TEXT,   /* C string of at most `max` characters */
	FIELD_OCTETS, /* uint16_t count at `count`, at most `max` */
	FIELD_LIST,   /* uint8_t count at `count`, at most `max` elements */
};

struct fields;

struct field {
	enum field_kind kind;
	uint16_t offset, count; /* in the struct */
	uint16_t size;		/* of the integer, of one element */
	uint64_t min, max;
	const struct fields *element;
};

struct fields {
	size_t count;
	const struct field *field;
};

#define UINT_RANGE(type, member, low, high)                                    \
	{                                                                      \
		.kind = FIELD_UINT, .offset = offsetof(type, member),          \
		.size = sizeof(((type *)0)->member), .min = low, .max = high   \
	}
#define UINT(type, member) UINT_RANGE(type, member, 0, UINT64_MAX)
#define TEXT(type, member)                                                     \
	{                                                                      \
		.kind = FIELD_TEXT, .offset = offsetof(type, member),          \
		.max = sizeof(((type *)0)->member) - 1                         \
	}
#define OCTETS(type, member, length)                                           \
	{                                                                      \
		.kind = FIELD_OCTETS, .offset = offsetof(type, member),        \
		.count = offsetof(type, length),                               \
		.max = sizeof(((type *)0)->member)                             \
	}
#define LIST(type, member, length, fields)                                     \
	{                                                                      \
		.kind = FIELD_LIST, .offset = offsetof(type, member),          \
		.count = offsetof(type, length),                               \
		.size = sizeof(((type *)0)->member[0]),                        \
		.max = sizeof(((type *)0)->member) /                           \
		       sizeof(((type *)0)->member[0]),                         \
		.element = fields                                              \
	}
#define FIELDS(name)                                                           \
	static const struct fields name = {                                    \
		sizeof(name##_table) / sizeof(name##_table[0]), name##_table   \
	}

/* ------------------------------------------------------ the wire pictures */

static const struct field capability_table[] = {
	UINT(struct mrkm_capability, protocol),
	UINT(struct mrkm_capability, algorithms),
};
FIELDS(capability);

/* An element that is nothing but an integer. */
static const struct field sender_id_table[] = {
	{ .kind = FIELD_UINT, .size = sizeof(uint16_t), .max = UINT16_MAX },
};
FIELDS(sender_id);

/* clang-format off */
#define ROW_IDENTITY                                                           \
	UINT(struct mrkm_msg_row, id),                                         \
	UINT(struct mrkm_msg_row, algorithm),                                  \
	UINT_RANGE(struct mrkm_msg_row, direction, 0, KEYTABLE_BOTH),          \
	UINT(struct mrkm_msg_row, accept_start),                               \
	UINT(struct mrkm_msg_row, accept_end),                                 \
	UINT(struct mrkm_msg_row, send_start),                                 \
	UINT(struct mrkm_msg_row, send_end),                                   \
	UINT(struct mrkm_msg_row, ipsec.suite.encr),                           \
	UINT(struct mrkm_msg_row, ipsec.suite.encr_bits),                      \
	UINT(struct mrkm_msg_row, ipsec.suite.integ),                          \
	UINT(struct mrkm_msg_row, ipsec.wire),                                 \
	UINT(struct mrkm_msg_row, ipsec.families),                             \
	UINT(struct mrkm_msg_row, ipsec.sn),                                   \
	UINT(struct mrkm_msg_row, ipsec.sender_id_bits),                       \
	LIST(struct mrkm_msg_row, ipsec.sender_ids, ipsec.sender_id_count,     \
	     &sender_id),                                                      \
	UINT(struct mrkm_msg_row, ipsec.sender)
/* clang-format on */

static const struct field row_identity_table[] = { ROW_IDENTITY };
FIELDS(row_identity);

static const struct field row_table[] = {
	ROW_IDENTITY,
	OCTETS(struct mrkm_msg_row, wrapped, wrapped_len),
};
FIELDS(row);

static const struct field result_table[] = {
	UINT(struct mrkm_msg_result, id),
	UINT_RANGE(struct mrkm_msg_result, result, 0, MRKM_ERR_MAX - 1),
};
FIELDS(result);

static const struct field head_table[] = {
	UINT_RANGE(struct mrkm_msg, boot, 1, UINT64_MAX),
	UINT(struct mrkm_msg, session),
	UINT(struct mrkm_msg, serial),
};
FIELDS(head);

static const struct field hello_table[] = {
	UINT_RANGE(struct mrkm_msg, role, MRKM_ROLE_MRKMD, MRKM_ROLE_RECEIVER),
	TEXT(struct mrkm_msg, daemon),
	UINT(struct mrkm_msg, instance),
	LIST(struct mrkm_msg, capabilities, capability_count, &capability),
};
FIELDS(hello);

static const struct field bind_table[] = {
	UINT(struct mrkm_msg, protocol),
	TEXT(struct mrkm_msg, group),
	TEXT(struct mrkm_msg, key_chain),
};
FIELDS(bind);

static const struct field keys_table[] = {
	UINT(struct mrkm_msg, protocol),
	TEXT(struct mrkm_msg, group),
	TEXT(struct mrkm_msg, key_chain),
	LIST(struct mrkm_msg, rows, row_count, &row),
};
FIELDS(keys);

static const struct field interface_table[] = {
	TEXT(struct mrkm_msg_interface, name),
};
FIELDS(interface);

static const struct field interfaces_table[] = {
	UINT(struct mrkm_msg, protocol),
	TEXT(struct mrkm_msg, group),
	TEXT(struct mrkm_msg, key_chain),
	LIST(struct mrkm_msg, interfaces, interface_count, &interface),
};
FIELDS(interfaces);

static const struct field withdraw_table[] = {
	UINT(struct mrkm_msg, protocol),
	TEXT(struct mrkm_msg, group),
};
FIELDS(withdraw);

static const struct fields synced = { 0, NULL };

static const struct field status_table[] = {
	UINT(struct mrkm_msg, protocol),
	TEXT(struct mrkm_msg, group),
	UINT_RANGE(struct mrkm_msg, result, 0, MRKM_ERR_MAX - 1),
	LIST(struct mrkm_msg, results, result_count, &result),
};
FIELDS(status);

static const struct field resync_table[] = {
	UINT_RANGE(struct mrkm_msg, result, 0, MRKM_ERR_MAX - 1),
};
FIELDS(resync);

static const struct {
	const char *name;
	const struct fields *fields;
} types[MRKM_MSG_TYPE_MAX] = {
	[MRKM_MSG_HELLO] = { "HELLO", &hello },
	[MRKM_MSG_BIND] = { "BIND", &bind },
	[MRKM_MSG_KEYS] = { "KEYS", &keys },
	[MRKM_MSG_WITHDRAW] = { "WITHDRAW", &withdraw },
	[MRKM_MSG_SYNCED] = { "SYNCED", &synced },
	[MRKM_MSG_STATUS] = { "STATUS", &status },
	[MRKM_MSG_RESYNC] = { "RESYNC", &resync },
	[MRKM_MSG_INTERFACES] = { "INTERFACES", &interfaces },
};

static bool type_known(uint8_t type)
{
	return type < MRKM_MSG_TYPE_MAX && types[type].fields;
}

/* ------------------------------------------------------------------ common */

static uint64_t load(const uint8_t *at, size_t size)
{
	switch (size) {
	case 1:
		return *at;
	case 2:
		return *(const uint16_t *)(const void *)at;
	case 4:
		return *(const uint32_t *)(const void *)at;
	default:
		return *(const uint64_t *)(const void *)at;
	}
}

static void store(uint8_t *at, size_t size, uint64_t value)
{
	switch (size) {
	case 1:
		*at = value;
		break;
	case 2:
		*(uint16_t *)(void *)at = value;
		break;
	case 4:
		*(uint32_t *)(void *)at = value;
		break;
	default:
		*(uint64_t *)(void *)at = value;
		break;
	}
}

static bool in_range(const struct field *f, uint64_t value)
{
	return value >= f->min && value <= f->max;
}

/* Names go into configuration, logs and JSON: no space, no control. */
static bool text_valid(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (text[i] < '!' || text[i] > '~')
			return false;
	return len > 0;
}

/* ----------------------------------------------------------------- encoder */

struct writer {
	uint8_t *at;
	size_t left;
	int err; /* the first one; 0: none */
};

static void put_octets(struct writer *w, const void *octets, size_t len)
{
	if (w->err)
		return;
	if (len > w->left) {
		w->err = -MRKM_ERR_NO_SPACE;
		return;
	}
	memcpy(w->at, octets, len);
	w->at += len;
	w->left -= len;
}

static void put_uint(struct writer *w, uint64_t value, size_t size)
{
	uint8_t octets[8];

	for (size_t i = 0; i < size; i++)
		octets[i] = value >> (8 * (size - 1 - i));
	put_octets(w, octets, size);
}

static void put_fields(struct writer *w, const struct fields *fields,
		       const uint8_t *base);

static void put_field(struct writer *w, const struct field *f,
		      const uint8_t *base)
{
	const uint8_t *at = base + f->offset;
	size_t count;

	switch (f->kind) {
	case FIELD_UINT:
		if (!in_range(f, load(at, f->size)))
			w->err = -MRKM_ERR_BAD_VALUE;
		put_uint(w, load(at, f->size), f->size);
		break;
	case FIELD_TEXT:
		count = strnlen((const char *)at, f->max + 1);
		if (count > f->max || !text_valid((const char *)at, count)) {
			w->err = -MRKM_ERR_BAD_TEXT;
			return;
		}
		put_uint(w, count, 1);
		put_octets(w, at, count);
		break;
	case FIELD_OCTETS:
		count = load(base + f->count, 2);
		if (count > f->max) {
			w->err = -MRKM_ERR_LIMIT;
			return;
		}
		put_uint(w, count, 1);
		put_octets(w, at, count);
		break;
	case FIELD_LIST:
		count = load(base + f->count, 1);
		if (count > f->max) {
			w->err = -MRKM_ERR_LIMIT;
			return;
		}
		put_uint(w, count, 1);
		for (size_t i = 0; i < count; i++)
			put_fields(w, f->element, at + i * f->size);
		break;
	}
}

static void put_fields(struct writer *w, const struct fields *fields,
		       const uint8_t *base)
{
	for (size_t i = 0; i < fields->count && !w->err; i++)
		put_field(w, &fields->field[i], base);
}

int mrkm_msg_encode(const struct mrkm_msg *msg, uint8_t *out, size_t size)
{
	struct writer w = { .at = out, .left = size };

	if (!type_known(msg->type))
		return -MRKM_ERR_BAD_TYPE;
	put_uint(&w, MRKM_MSG_VERSION, 1);
	put_uint(&w, msg->type, 1);
	put_fields(&w, &head, (const uint8_t *)msg);
	put_fields(&w, types[msg->type].fields, (const uint8_t *)msg);
	return w.err ? w.err : (int)(size - w.left);
}

int mrkm_msg_row_identity(const struct mrkm_msg *msg,
			  const struct mrkm_msg_row *row, uint8_t *out,
			  size_t size)
{
	struct writer w = { .at = out, .left = size };

	put_uint(&w, MRKM_MSG_VERSION, 1);
	put_uint(&w, msg->boot, sizeof(msg->boot));
	put_fields(&w, &bind, (const uint8_t *)msg);
	put_fields(&w, &row_identity, (const uint8_t *)row);
	return w.err ? w.err : (int)(size - w.left);
}

/* ----------------------------------------------------------------- decoder */

struct reader {
	const uint8_t *at;
	size_t left;
	int err; /* the first one; 0: none */
};

static void get_octets(struct reader *r, void *octets, size_t len)
{
	if (r->err)
		return;
	if (len > r->left) {
		r->err = -MRKM_ERR_TRUNCATED;
		return;
	}
	memcpy(octets, r->at, len);
	r->at += len;
	r->left -= len;
}

/* 0 after an error, so that nothing follows from a length that is not there. */
static uint64_t get_uint(struct reader *r, size_t size)
{
	uint8_t octets[8] = { 0 };
	uint64_t value = 0;

	get_octets(r, octets, size);
	for (size_t i = 0; i < size; i++)
		value = value << 8 | octets[i];
	return value;
}

static size_t get_count(struct reader *r, const struct field *f, int err)
{
	size_t count = get_uint(r, 1);

	if (count > f->max)
		r->err = err;
	return r->err ? 0 : count;
}

static void get_fields(struct reader *r, const struct fields *fields,
		       uint8_t *base);

static void get_field(struct reader *r, const struct field *f, uint8_t *base)
{
	uint8_t *at = base + f->offset;
	uint64_t value;
	size_t count;

	switch (f->kind) {
	case FIELD_UINT:
		value = get_uint(r, f->size);
		if (!r->err && !in_range(f, value))
			r->err = -MRKM_ERR_BAD_VALUE;
		store(at, f->size, value);
		break;
	case FIELD_TEXT:
		count = get_count(r, f, -MRKM_ERR_BAD_TEXT);
		get_octets(r, at, count);
		if (!r->err && !text_valid((const char *)at, count))
			r->err = -MRKM_ERR_BAD_TEXT;
		break;
	case FIELD_OCTETS:
		count = get_count(r, f, -MRKM_ERR_LIMIT);
		get_octets(r, at, count);
		store(base + f->count, 2, count);
		break;
	case FIELD_LIST:
		count = get_count(r, f, -MRKM_ERR_LIMIT);
		for (size_t i = 0; i < count; i++)
			get_fields(r, f->element, at + i * f->size);
		store(base + f->count, 1, count);
		break;
	}
}

static void get_fields(struct reader *r, const struct fields *fields,
		       uint8_t *base)
{
	for (size_t i = 0; i < fields->count && !r->err; i++)
		get_field(r, &fields->field[i], base);
}

int mrkm_msg_decode(struct mrkm_msg *msg, const uint8_t *in, size_t len)
{
	struct reader r = { .at = in, .left = len };
	uint64_t version = get_uint(&r, 1);

	memset(msg, 0, sizeof(*msg));
	if (!r.err && version != MRKM_MSG_VERSION)
		return -MRKM_ERR_BAD_VERSION;
	msg->type = get_uint(&r, 1);
	if (r.err)
		return r.err;
	if (!type_known(msg->type))
		return -MRKM_ERR_BAD_TYPE;
	get_fields(&r, &head, (uint8_t *)msg);
	get_fields(&r, types[msg->type].fields, (uint8_t *)msg);
	if (!r.err && r.left)
		return -MRKM_ERR_TRAILING;
	return r.err;
}

bool mrkm_name_valid(const char *name)
{
	size_t len = strnlen(name, MRKM_NAME_MAX + 1);

	return len <= MRKM_NAME_MAX && text_valid(name, len);
}

const char *mrkm_msg_type_name(uint8_t type)
{
	return type_known(type) ? types[type].name : "unknown";
}
