// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Payload layouts.  The picture under each table is the wire: one line is
 * four octets.
 */
#include <string.h>

#include "keytable/keytable.h"
#include "gikev2/gikev2_payload.h"

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
#define SIZE_OF(type, member) sizeof(((type *)0)->member)

#define INT(type, member)                                                      \
	{                                                                      \
		GIKEV2_F_INT, offsetof(type, member), SIZE_OF(type, member),   \
			NULL                                                   \
	}
#define RESERVED(octets)                                                       \
	{                                                                      \
		GIKEV2_F_RESERVED, 0, octets, NULL                             \
	}
#define MORE(marker)                                                           \
	{                                                                      \
		GIKEV2_F_MORE, 0, marker, NULL                                 \
	}
#define LENGTH                                                                 \
	{                                                                      \
		GIKEV2_F_LENGTH, 0, 2, NULL                                    \
	}
#define SIZE(type, member)                                                     \
	{                                                                      \
		GIKEV2_F_SIZE, offsetof(type, member), 1, NULL                 \
	}
#define COUNT(type, member)                                                    \
	{                                                                      \
		GIKEV2_F_COUNT, offsetof(type, member), 1, NULL                \
	}
#define CHUNK(type, member)                                                    \
	{                                                                      \
		GIKEV2_F_CHUNK, offsetof(type, member), 0, NULL                \
	}
#define REST(type, member)                                                     \
	{                                                                      \
		GIKEV2_F_REST, offsetof(type, member), 0, NULL                 \
	}
#define OCTETS(type, member, octets)                                           \
	{                                                                      \
		GIKEV2_F_OCTETS, offsetof(type, member), octets, NULL          \
	}
#define SUB(type, member, sub)                                                 \
	{                                                                      \
		GIKEV2_F_SUB, offsetof(type, member), 0, sub                   \
	}
#define LIST(type, member, sub)                                                \
	{                                                                      \
		GIKEV2_F_LIST, offsetof(type, member), 0, sub                  \
	}
#define CHAIN(type, member, sub)                                               \
	{                                                                      \
		GIKEV2_F_CHAIN, offsetof(type, member), 0, sub                 \
	}
#define ATTRS(type, member)                                                    \
	{                                                                      \
		GIKEV2_F_ATTRS, offsetof(type, member), 0, NULL                \
	}

#define LAYOUT(var, text, fields, check)                                       \
	static const struct gikev2_layout var = { text, fields,                \
						  ARRAY_LEN(fields), check }

/* ------------------------------------------------------------ SA, SAg (33) */

static const struct gikev2_field transform_fields[] = {
	MORE(3),
	RESERVED(1),
	LENGTH,
	INT(struct gikev2_transform, type),
	RESERVED(1),
	INT(struct gikev2_transform, id),
	ATTRS(struct gikev2_transform, attrs),
};
/*
 * | Last 0/3 | RESERVED |     Transform Length     |
 * |   Type   | RESERVED |       Transform ID       |
 * ~             Transform Attributes               ~
 */
LAYOUT(transform_layout, "transform", transform_fields, NULL);

static const struct gikev2_layout *pick_transform(uint8_t first)
{
	(void)first;
	return &transform_layout;
}

static const struct gikev2_sub transform_sub = {
	sizeof(struct gikev2_transform), 64, pick_transform
};

static const struct gikev2_field proposal_fields[] = {
	MORE(2),
	RESERVED(1),
	LENGTH,
	INT(struct gikev2_proposal, number),
	INT(struct gikev2_proposal, protocol),
	SIZE(struct gikev2_proposal, spi),
	COUNT(struct gikev2_proposal, transforms),
	CHUNK(struct gikev2_proposal, spi),
	CHAIN(struct gikev2_proposal, transforms, &transform_sub),
};
/*
 * | Last 0/2 | RESERVED |     Proposal Length      |
 * |  Number  | Protocol | SPI Size | Num Transforms|
 * ~                      SPI                       ~
 * ~                  Transforms                    ~
 */
LAYOUT(proposal_layout, "proposal", proposal_fields, NULL);

static const struct gikev2_layout *pick_proposal(uint8_t first)
{
	(void)first;
	return &proposal_layout;
}

static const struct gikev2_sub proposal_sub = { sizeof(struct gikev2_proposal),
						32, pick_proposal };

static const struct gikev2_field sa_fields[] = {
	CHAIN(struct gikev2_pld_sa, proposals, &proposal_sub),
};
LAYOUT(sa_layout, "SA", sa_fields, NULL);

/* ---------------------------------------------------- plain payload bodies */

static const struct gikev2_field ke_fields[] = {
	INT(struct gikev2_pld_ke, group),
	RESERVED(2),
	REST(struct gikev2_pld_ke, data),
};
/* |   Key Exchange Method   |        RESERVED        |  ~ data ~ */
LAYOUT(ke_layout, "KE", ke_fields, NULL);

static const struct gikev2_field id_fields[] = {
	INT(struct gikev2_pld_id, type),
	RESERVED(3),
	REST(struct gikev2_pld_id, data),
};
/* |   ID Type  |             RESERVED                |  ~ data ~ */
LAYOUT(id_layout, "ID", id_fields, NULL);

static const struct gikev2_field cert_fields[] = {
	INT(struct gikev2_pld_cert, encoding),
	REST(struct gikev2_pld_cert, data),
};
/* |  Encoding  |  ~ data ~ */
LAYOUT(cert_layout, "CERT", cert_fields, NULL);

static const struct gikev2_field auth_fields[] = {
	INT(struct gikev2_pld_auth, method),
	RESERVED(3),
	REST(struct gikev2_pld_auth, data),
};
/* | Auth Method |            RESERVED                |  ~ data ~ */
LAYOUT(auth_layout, "AUTH", auth_fields, NULL);

static const struct gikev2_field octets_fields[] = {
	REST(struct gikev2_pld_octets, data),
};
LAYOUT(vendor_layout, "V", octets_fields, NULL);

static int check_nonce(const void *item)
{
	const struct gikev2_pld_octets *nonce = item;

	if (nonce->data.len < GIKEV2_NONCE_MIN ||
	    nonce->data.len > GIKEV2_NONCE_MAX)
		return -GIKEV2_ERR_BAD_SYNTAX;
	return 0;
}

LAYOUT(nonce_layout, "Nonce", octets_fields, check_nonce);

static const struct gikev2_field notify_fields[] = {
	INT(struct gikev2_pld_notify, protocol),
	SIZE(struct gikev2_pld_notify, spi),
	INT(struct gikev2_pld_notify, type),
	CHUNK(struct gikev2_pld_notify, spi),
	REST(struct gikev2_pld_notify, data),
};
/* |  Protocol  |  SPI Size  |  Notify Message Type   |  ~ SPI ~ data ~ */
LAYOUT(notify_layout, "N", notify_fields, NULL);

static int check_delete(const void *item)
{
	const struct gikev2_pld_delete *delete = item;

	if (delete->spis.len != (size_t) delete->spi_size * delete->count)
		return -GIKEV2_ERR_BAD_SYNTAX;
	return 0;
}

static const struct gikev2_field delete_fields[] = {
	INT(struct gikev2_pld_delete, protocol),
	INT(struct gikev2_pld_delete, spi_size),
	INT(struct gikev2_pld_delete, count),
	REST(struct gikev2_pld_delete, spis),
};
/* |  Protocol  |  SPI Size  |      Num of SPIs       |  ~ SPIs ~ */
LAYOUT(delete_layout, "D", delete_fields, check_delete);

/* ---------------------------------------------------------------- GSA (51) */

static const struct gikev2_field ts4_fields[] = {
	INT(struct gikev2_ts, type),
	INT(struct gikev2_ts, protocol),
	LENGTH,
	INT(struct gikev2_ts, start_port),
	INT(struct gikev2_ts, end_port),
	OCTETS(struct gikev2_ts, start, 4),
	OCTETS(struct gikev2_ts, end, 4),
};
static const struct gikev2_field ts6_fields[] = {
	INT(struct gikev2_ts, type),
	INT(struct gikev2_ts, protocol),
	LENGTH,
	INT(struct gikev2_ts, start_port),
	INT(struct gikev2_ts, end_port),
	OCTETS(struct gikev2_ts, start, 16),
	OCTETS(struct gikev2_ts, end, 16),
};
/*
 * |  TS Type | Protocol |     Selector Length      |
 * |     Start Port      |         End Port         |
 * ~        Start Address, then End Address         ~
 */
LAYOUT(ts4_layout, "TS_IPV4_ADDR_RANGE", ts4_fields, NULL);
LAYOUT(ts6_layout, "TS_IPV6_ADDR_RANGE", ts6_fields, NULL);

static const struct gikev2_layout *pick_ts(uint8_t first)
{
	if (first == 7)
		return &ts4_layout;
	return first == 8 ? &ts6_layout : NULL;
}

static const struct gikev2_sub ts_sub = { sizeof(struct gikev2_ts), 1,
					  pick_ts };

#define POLICY_HEAD                                                            \
	INT(struct gikev2_policy, protocol), SIZE(struct gikev2_policy, spi),  \
		LENGTH, CHUNK(struct gikev2_policy, spi)

static const struct gikev2_field policy_fields[] = {
	POLICY_HEAD,
	SUB(struct gikev2_policy, source, &ts_sub),
	SUB(struct gikev2_policy, destination, &ts_sub),
	CHAIN(struct gikev2_policy, transforms, &transform_sub),
	ATTRS(struct gikev2_policy, attrs),
};
/*
 * | Protocol | SPI Size |          Length          |
 * ~                      SPI                       ~
 * ~   Source, then Destination Traffic Selector    ~
 * ~                  Transforms                    ~
 * ~                GSA Attributes                  ~
 */
LAYOUT(policy_layout, "GSA policy", policy_fields, NULL);

static const struct gikev2_field ospfv2_fields[] = {
	POLICY_HEAD,
	RESERVED(1),
	INT(struct gikev2_policy, auth_algo),
	ATTRS(struct gikev2_policy, attrs),
};
/*
 * | Protocol | SPI Size |          Length          |
 * |   SPI    | RESERVED |        Auth algo         |
 * ~                GSA Attributes                  ~
 */
LAYOUT(ospfv2_layout, "TEK OSPFv2", ospfv2_fields, NULL);

static const struct gikev2_field ospfv3_at_fields[] = {
	POLICY_HEAD,
	INT(struct gikev2_policy, auth_algo),
	ATTRS(struct gikev2_policy, attrs),
};
/*
 * | Protocol | SPI Size |          Length          |
 * |         SPI         |        Auth algo         |
 * ~                GSA Attributes                  ~
 */
LAYOUT(ospfv3_at_layout, "TEK OSPFv3 trailer", ospfv3_at_fields, NULL);

static const struct gikev2_field transforms_fields[] = {
	POLICY_HEAD,
	CHAIN(struct gikev2_policy, transforms, &transform_sub),
	ATTRS(struct gikev2_policy, attrs),
};
/*
 * | Protocol | SPI Size |          Length          |
 * |                      SPI                       |
 * ~                 Transforms                     ~
 * ~                GSA Attributes                  ~
 */
LAYOUT(transforms_layout, "TEK IPsec", transforms_fields, NULL);

static const struct gikev2_field unknown_policy_fields[] = {
	INT(struct gikev2_policy, protocol),
	RESERVED(1),
	LENGTH,
	REST(struct gikev2_policy, unknown),
};
LAYOUT(unknown_policy_layout, "unknown policy", unknown_policy_fields, NULL);

static const struct gikev2_field group_wide_fields[] = {
	INT(struct gikev2_policy, protocol),
	RESERVED(1),
	LENGTH,
	ATTRS(struct gikev2_policy, attrs),
};
/*
 * |    0     | RESERVED |          Length          |
 * ~         Group-wide policy attributes           ~
 */
LAYOUT(group_wide_layout, "GW policy", group_wide_fields, NULL);

static const struct gikev2_layout *const body_layouts[] = {
	[KEYTABLE_BODY_OSPFV2] = &ospfv2_layout,
	[KEYTABLE_BODY_OSPFV3_AT] = &ospfv3_at_layout,
	[KEYTABLE_BODY_TRANSFORMS] = &transforms_layout,
	[KEYTABLE_BODY_SELECTORS] = &policy_layout,
};

static const struct gikev2_layout *pick_policy(uint8_t first)
{
	const struct keytable_protocol *protocol;

	switch (first) {
	case GIKEV2_PROTO_NONE:
		return &group_wide_layout;
	case GIKEV2_PROTO_AH:
	case GIKEV2_PROTO_ESP:
	case GIKEV2_PROTO_GIKE_UPDATE:
		return &policy_layout;
	}
	protocol = keytable_protocol_by_wire(first);
	return protocol ? body_layouts[protocol->body] : &unknown_policy_layout;
}

static const struct gikev2_sub policy_sub = { sizeof(struct gikev2_policy), 96,
					      pick_policy };

static const struct gikev2_field gsa_fields[] = {
	LIST(struct gikev2_pld_gsa, policies, &policy_sub),
};
LAYOUT(gsa_layout, "GSA", gsa_fields, NULL);

/* ----------------------------------------------------------------- KD (52) */

static const struct gikev2_field group_bag_fields[] = {
	INT(struct gikev2_bag, protocol),
	SIZE(struct gikev2_bag, spi),
	LENGTH,
	CHUNK(struct gikev2_bag, spi),
	ATTRS(struct gikev2_bag, attrs),
};
/*
 * | Protocol | SPI Size |          Length          |
 * ~                      SPI                       ~
 * ~          Group Key Bag Attributes              ~
 */
LAYOUT(group_bag_layout, "group key bag", group_bag_fields, NULL);

static const struct gikev2_field member_bag_fields[] = {
	INT(struct gikev2_bag, protocol),
	RESERVED(1),
	LENGTH,
	ATTRS(struct gikev2_bag, attrs),
};
/*
 * |    0     | RESERVED |          Length          |
 * ~          Member Key Bag Attributes             ~
 */
LAYOUT(member_bag_layout, "member key bag", member_bag_fields, NULL);

static const struct gikev2_layout *pick_bag(uint8_t first)
{
	return first ? &group_bag_layout : &member_bag_layout;
}

static const struct gikev2_sub bag_sub = { sizeof(struct gikev2_bag), 256,
					   pick_bag };

static const struct gikev2_field kd_fields[] = {
	LIST(struct gikev2_pld_kd, bags, &bag_sub),
};
LAYOUT(kd_layout, "KD", kd_fields, NULL);

/* ------------------------------------------------------------------- chain */

struct payload_kind {
	uint8_t type;
	bool repeats; /* may stand in a message more than once */
	const struct gikev2_layout *layout;
};

static const struct payload_kind kinds[] = {
	{ GIKEV2_PLD_SA, false, &sa_layout },
	{ GIKEV2_PLD_KE, false, &ke_layout },
	{ GIKEV2_PLD_IDI, false, &id_layout },
	{ GIKEV2_PLD_IDR, false, &id_layout },
	{ GIKEV2_PLD_CERT, true, &cert_layout },
	{ GIKEV2_PLD_CERTREQ, true, &cert_layout },
	{ GIKEV2_PLD_AUTH, false, &auth_layout },
	{ GIKEV2_PLD_NONCE, false, &nonce_layout },
	{ GIKEV2_PLD_NOTIFY, true, &notify_layout },
	{ GIKEV2_PLD_DELETE, true, &delete_layout },
	{ GIKEV2_PLD_VENDOR, true, &vendor_layout },
	{ GIKEV2_PLD_IDG, false, &id_layout },
	{ GIKEV2_PLD_GSA, false, &gsa_layout },
	{ GIKEV2_PLD_KD, false, &kd_layout },
};

static const struct payload_kind *kind_find(uint8_t type)
{
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (kinds[i].type == type)
			return &kinds[i];
	return NULL;
}

#define CRITICAL 0x80

static int parse_payload(struct gikev2_chunk body, uint8_t type, bool critical,
			 struct gikev2_arena *arena,
			 struct gikev2_payloads *out)
{
	const struct payload_kind *kind = kind_find(type);
	struct gikev2_payload *payload;

	if (!kind && critical) {
		out->unknown_critical = type;
		return -GIKEV2_ERR_CRITICAL_PAYLOAD;
	}
	if (!kind)
		return 0;
	if (!kind->repeats && out->present & GIKEV2_PLD_BIT(type))
		return -GIKEV2_ERR_BAD_SYNTAX;
	if (out->count == GIKEV2_PAYLOADS_MAX)
		return -GIKEV2_ERR_LIMIT;
	payload = gikev2_payload_add(out, type);
	payload->body = body;
	return gikev2_parse(kind->layout, body, arena, &payload->sa);
}

int gikev2_payloads_parse(struct gikev2_chunk in, uint8_t first,
			  struct gikev2_arena *arena,
			  struct gikev2_payloads *out)
{
	const uint8_t *ptr = in.ptr, *end = in.ptr + in.len;
	uint8_t type = first, next;
	bool critical;
	size_t len;
	int ret;

	gikev2_payloads_clear(out);
	for (; type != GIKEV2_PLD_NONE; type = next) {
		if (end - ptr < GIKEV2_PAYLOAD_HEADER_LEN)
			return -GIKEV2_ERR_BAD_SYNTAX;
		next = ptr[0];
		critical = ptr[1] & CRITICAL;
		len = gikev2_get_int(ptr + 2, 2);
		if (len < GIKEV2_PAYLOAD_HEADER_LEN ||
		    len > (size_t)(end - ptr))
			return -GIKEV2_ERR_BAD_SYNTAX;
		ret = parse_payload(
			(struct gikev2_chunk){
				ptr + GIKEV2_PAYLOAD_HEADER_LEN,
				len - GIKEV2_PAYLOAD_HEADER_LEN },
			type, critical, arena, out);
		if (ret < 0)
			return ret;
		ptr += len;
	}
	return ptr == end ? 0 : -GIKEV2_ERR_BAD_SYNTAX;
}

void gikev2_payload_generate_body(const struct gikev2_payload *payload,
				  struct gikev2_buf *buf)
{
	gikev2_generate(kind_find(payload->type)->layout, &payload->sa, buf);
}

uint8_t gikev2_payloads_generate(const struct gikev2_payloads *payloads,
				 struct gikev2_buf *buf)
{
	for (size_t i = 0; i < payloads->count; i++) {
		bool last = i + 1 == payloads->count;
		uint8_t *head = gikev2_buf_int(
			buf,
			last ? GIKEV2_PLD_NONE : payloads->item[i + 1].type, 1);
		size_t start = buf->len - 1;

		gikev2_buf_zero(buf, 3);
		gikev2_payload_generate_body(&payloads->item[i], buf);
		if (!head || buf->overflow || buf->len - start > UINT16_MAX) {
			buf->overflow = true;
			break;
		}
		gikev2_put_int(head + 2, buf->len - start, 2);
	}
	if (payloads->overflow)
		buf->overflow = true;
	return payloads->count ? payloads->item[0].type : GIKEV2_PLD_NONE;
}

void gikev2_payloads_clear(struct gikev2_payloads *payloads)
{
	payloads->count = 0;
	payloads->present = 0;
	payloads->unknown_critical = 0;
	payloads->overflow = false;
}

struct gikev2_payload *gikev2_payload_find(struct gikev2_payloads *payloads,
					   uint8_t type)
{
	for (size_t i = 0; i < payloads->count; i++)
		if (payloads->item[i].type == type)
			return &payloads->item[i];
	return NULL;
}

struct gikev2_payload *gikev2_payload_add(struct gikev2_payloads *payloads,
					  uint8_t type)
{
	struct gikev2_payload *payload;

	if (payloads->count == GIKEV2_PAYLOADS_MAX) {
		payloads->overflow = true;
		payloads->count--;
	}
	payload = &payloads->item[payloads->count++];
	memset(payload, 0, sizeof(*payload));
	payload->type = type;
	payloads->present |= GIKEV2_PLD_BIT(type);
	return payload;
}

void gikev2_notify_add(struct gikev2_payloads *payloads, uint16_t type,
		       const void *data, size_t len)
{
	struct gikev2_payload *payload =
		gikev2_payload_add(payloads, GIKEV2_PLD_NOTIFY);

	payload->notify.type = type;
	payload->notify.data = (struct gikev2_chunk){ data, len };
}

const struct gikev2_pld_notify *
gikev2_notify_find(const struct gikev2_payloads *payloads, uint16_t type)
{
	for (size_t i = 0; i < payloads->count; i++)
		if (payloads->item[i].type == GIKEV2_PLD_NOTIFY &&
		    payloads->item[i].notify.type == type)
			return &payloads->item[i].notify;
	return NULL;
}

const struct gikev2_pld_notify *
gikev2_notify_error(const struct gikev2_payloads *payloads)
{
	for (size_t i = 0; i < payloads->count; i++)
		if (payloads->item[i].type == GIKEV2_PLD_NOTIFY &&
		    payloads->item[i].notify.type < GIKEV2_N_STATUS_FIRST)
			return &payloads->item[i].notify;
	return NULL;
}

int gikev2_attr_find(const struct gikev2_list *attrs, uint16_t type, bool tv,
		     const struct gikev2_attr **found)
{
	const struct gikev2_attr *attr = attrs->items;

	*found = NULL;
	for (size_t i = 0; i < attrs->count; i++, attr++) {
		if (attr->type != type)
			continue;
		if (*found || attr->tv != tv)
			return -GIKEV2_ERR_BAD_ATTRIBUTE;
		*found = attr;
	}
	return *found ? 1 : 0;
}
