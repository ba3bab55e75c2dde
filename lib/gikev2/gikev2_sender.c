// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Sender-IDs for counter modes, and SAs that each sender has for himself.
 */
#include <string.h>

#include "gikev2/gikev2_sender.h"

#define SENDER_ID_LEN 4
/* The longest that is read; leading zeros are none of its value. */
#define SENDER_ID_LEN_MAX 8

/* ------------------------------------------------------------ whose SA it is */

uint64_t gikev2_sender_digest(struct gikev2 *engine, const struct gikev2_id *id)
{
	uint8_t octets[1 + GIKEV2_ID_MAX] = { id->type }, digest[32];
	struct gikev2_id name = { .type = id->type, .len = id->len };
	uint64_t value = 0;

	/* both sides have to come to the same, whoever wrote the name */
	memcpy(name.data, id->data, id->len);
	if (gikev2_id_fold(&name) < 0)
		return 1;
	memcpy(octets + 1, name.data, name.len);
	if (gikev2_sha256(engine->crypto,
			  (struct gikev2_chunk){ octets, 1 + name.len },
			  digest) == 0)
		value = gikev2_get_int(digest, sizeof(value));
	/* 0 is an SA that all share: what is nobody's can be sent on by nobody */
	return value ? value : 1;
}

/* ------------------------------------------------------------------ key server */

bool gikev2_rows_counter(const struct keytable_row *const *rows, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!rows[i]->algorithm &&
		    keytable_suite_counter(&rows[i]->ipsec.suite))
			return true;
	return false;
}

static uint8_t bits_of(const struct gikev2_group *group)
{
	uint8_t bits = gikev2_group_config(group)->sender_id_bits;

	return bits ? bits : 16;
}

bool gikev2_sender_ids_left(struct gikev2_group *group)
{
	return !(*gikev2_group_next_sender_id(group) >> bits_of(group));
}

int gikev2_sender_ids_draw(struct gikev2_group *group, uint8_t wanted,
			   struct gikev2_sender_ids *ids)
{
	uint32_t *next = gikev2_group_next_sender_id(group);

	*ids = (struct gikev2_sender_ids){ .bits = bits_of(group) };
	while (ids->count < wanted && ids->count < KEYTABLE_SENDER_IDS_MAX &&
	       !(*next >> ids->bits))
		ids->id[ids->count++] = (*next)++;
	gikev2_group_unsaved(group);
	return ids->count ? 0 : -GIKEV2_ERR_SENDER_ID;
}

int gikev2_sender_ids_add(struct gikev2 *engine,
			  const struct gikev2_sender_ids *ids,
			  struct gikev2_bag *bag)
{
	struct gikev2_attr *attr =
		gikev2_arena_alloc(&engine->arena, ids->count * sizeof(*attr));
	uint8_t *octets =
		gikev2_arena_alloc(&engine->arena, ids->count * SENDER_ID_LEN);

	if (!attr || !octets)
		return -GIKEV2_ERR_NO_MEMORY;
	for (size_t i = 0; i < ids->count; i++) {
		gikev2_put_int(octets + i * SENDER_ID_LEN, ids->id[i],
			       SENDER_ID_LEN);
		attr[i] = (struct gikev2_attr){
			.type = GIKEV2_GM_SENDER_ID,
			.data = { octets + i * SENDER_ID_LEN, SENDER_ID_LEN },
		};
	}
	bag->protocol = GIKEV2_PROTO_NONE;
	bag->attrs = (struct gikev2_list){ attr, ids->count };
	return 0;
}

/* ---------------------------------------------------------------------- member */

static int read_bits(const struct gikev2_pld_gsa *gsa, uint8_t *bits)
{
	const struct gikev2_policy *policy = gsa->policies.items;
	const struct gikev2_attr *attr;
	int ret;

	for (size_t i = 0; i < gsa->policies.count; i++, policy++) {
		if (policy->protocol != GIKEV2_PROTO_NONE)
			continue;
		ret = gikev2_attr_find(&policy->attrs,
				       GIKEV2_GWP_SENDER_ID_BITS, true, &attr);
		if (ret < 0)
			return ret;
		/* those of RFC 6054 section 3 */
		if (ret && (attr->value == 8 || attr->value == 12 ||
			    attr->value == 16)) {
			*bits = attr->value;
			return 0;
		}
	}
	return -GIKEV2_ERR_SENDER_ID;
}

static int take_id(const struct gikev2_attr *attr,
		   struct gikev2_sender_ids *ids)
{
	uint64_t value;

	if (attr->tv || !attr->data.len || attr->data.len > SENDER_ID_LEN_MAX)
		return -GIKEV2_ERR_BAD_ATTRIBUTE;
	value = gikev2_get_int(attr->data.ptr, attr->data.len);
	if (value >> ids->bits)
		return -GIKEV2_ERR_SENDER_ID;
	/* twice the same would be one counter for two encryptors */
	for (size_t i = 0; i < ids->count; i++)
		if (ids->id[i] == value)
			return -GIKEV2_ERR_SENDER_ID;
	ids->id[ids->count++] = value;
	return 0;
}

int gikev2_sender_ids_read(const struct gikev2_pld_gsa *gsa,
			   const struct gikev2_pld_kd *kd, uint8_t asked,
			   struct gikev2_sender_ids *ids)
{
	const struct gikev2_bag *bag = kd->bags.items;
	int ret;

	memset(ids, 0, sizeof(*ids));
	ret = read_bits(gsa, &ids->bits);
	for (size_t i = 0; ret == 0 && i < kd->bags.count; i++, bag++) {
		const struct gikev2_attr *attr = bag->attrs.items;

		if (bag->protocol != GIKEV2_PROTO_NONE)
			continue;
		/* more than we asked for is none of ours */
		for (size_t j = 0;
		     ret == 0 && j < bag->attrs.count && ids->count < asked;
		     j++)
			if (attr[j].type == GIKEV2_GM_SENDER_ID)
				ret = take_id(&attr[j], ids);
	}
	if (ret == 0 && !ids->count)
		ret = -GIKEV2_ERR_SENDER_ID;
	return ret;
}
