// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * GSA and KD payloads against key table rows: the only place that turns
 * policy on the wire into keys, and keys into policy.
 */
#include <string.h>

#include "gikev2/gikev2_sender.h"

#define LIFETIME_LEN 4

/* -------------------------------------------------------------- generation */

/* Whole seconds, rounded up, so that nobody lets go early. */
static uint32_t seconds_left(uint64_t until, uint64_t now)
{
	return until <= now ? 0
			    : (until - now + GIKEV2_SECOND - 1) / GIKEV2_SECOND;
}

struct gikev2_attr *gikev2_attr_add(struct gikev2 *engine,
				    struct gikev2_list *list, uint16_t type,
				    size_t len)
{
	struct gikev2_attr *attr =
		gikev2_arena_alloc(&engine->arena, sizeof(*attr) + len);

	if (!attr)
		return NULL;
	attr->type = type;
	attr->data = (struct gikev2_chunk){ (uint8_t *)(attr + 1), len };
	*list = (struct gikev2_list){ attr, 1 };
	return attr;
}

static int make_policy(struct gikev2 *engine, const struct keytable_row *row,
		       bool plain, struct gikev2_policy *policy, uint64_t now)
{
	struct gikev2_attr *lifetime = gikev2_attr_add(
		engine, &policy->attrs, GIKEV2_GSA_KEY_LIFETIME, LIFETIME_LEN);

	if (!lifetime)
		return -GIKEV2_ERR_NO_MEMORY;
	gikev2_put_int((uint8_t *)lifetime->data.ptr,
		       seconds_left(row->accept_end, now), LIFETIME_LEN);
	policy->protocol = gikev2_wire_protocol(row, plain);
	policy->auth_algo = row->algorithm;
	return row->algorithm ? 0
			      : gikev2_ipsec_put(engine, row, plain, policy);
}

int gikev2_wrap_sa_key(struct gikev2 *engine,
		       const struct gikev2_wrapper *wrapper,
		       struct gikev2_chunk plain, struct gikev2_bag *bag)
{
	size_t room = plain.len + GIKEV2_WRAP_OVERHEAD;
	struct gikev2_attr *key =
		gikev2_attr_add(engine, &bag->attrs, GIKEV2_SA_KEY,
				GIKEV2_WRAPPED_HEADER_LEN + room);
	int ret;

	if (!key)
		return -GIKEV2_ERR_NO_MEMORY;
	ret = gikev2_wrap(engine->crypto, wrapper->kwa, wrapper->kwk, plain,
			  (uint8_t *)key->data.ptr + GIKEV2_WRAPPED_HEADER_LEN,
			  &room);
	key->data.len = GIKEV2_WRAPPED_HEADER_LEN + room;
	return ret;
}

static int make_row(struct gikev2 *engine, const struct gikev2_wrapper *wrapper,
		    const struct keytable_row *row, bool plain,
		    struct gikev2_policy *policy, struct gikev2_bag *bag,
		    uint64_t now)
{
	size_t size = keytable_protocol_by_wire(row->protocol)->spi_size;
	uint8_t *spi = gikev2_arena_alloc(&engine->arena, size);
	int ret;

	if (!spi)
		return -GIKEV2_ERR_NO_MEMORY;
	gikev2_put_int(spi, row->id, size);
	ret = make_policy(engine, row, plain, policy, now);
	if (ret < 0)
		return ret;
	policy->spi = bag->spi = (struct gikev2_chunk){ spi, size };
	bag->protocol = policy->protocol;
	return gikev2_wrap_sa_key(
		engine, wrapper,
		(struct gikev2_chunk){ row->key, row->key_len }, bag);
}

static struct gikev2_attr tv(uint16_t type, uint16_t value)
{
	return (struct gikev2_attr){ .type = type, .tv = true, .value = value };
}

static bool has_group_wide(const struct gikev2_content *content)
{
	return content->delays.has_atd || content->delays.has_dtd ||
	       content->sender_ids;
}

static int make_group_wide(struct gikev2 *engine, struct gikev2_policy *policy,
			   const struct gikev2_content *content)
{
	const struct gikev2_delays *delays = &content->delays;
	struct gikev2_attr *attr =
		gikev2_arena_alloc(&engine->arena, 3 * sizeof(*attr));
	size_t count = 0;

	if (!attr)
		return -GIKEV2_ERR_NO_MEMORY;
	if (delays->has_atd)
		attr[count++] = tv(GIKEV2_GWP_ATD, delays->atd);
	if (delays->has_dtd)
		attr[count++] = tv(GIKEV2_GWP_DTD, delays->dtd);
	if (content->sender_ids)
		attr[count++] = tv(GIKEV2_GWP_SENDER_ID_BITS,
				   content->sender_ids->bits);
	policy->protocol = GIKEV2_PROTO_NONE;
	policy->attrs = (struct gikev2_list){ attr, count };
	return 0;
}

int gikev2_wrapper_of_ike(const struct gikev2_ike *ike,
			  struct gikev2_wrapper *wrapper)
{
	wrapper->kwa = ike->suite.kwa;
	return gikev2_kwk(ike, wrapper->kwk);
}

/* Transport mode is what makes plain AH and ESP policies ours (section 2.3.4);
 * our own form is transport mode by itself. */
static void add_mode(struct gikev2_payloads *payloads,
		     const struct gikev2_content *content)
{
	for (size_t i = 0; content->plain && i < content->count; i++)
		if (!content->rows[i]->algorithm) {
			gikev2_notify_add(payloads, GIKEV2_N_USE_TRANSPORT_MODE,
					  NULL, 0);
			return;
		}
}

/* What is for this member alone is one bag (RFC 9838 section 4.5.3). */
static int join_member_bags(struct gikev2 *engine, struct gikev2_bag *bag,
			    size_t count)
{
	struct gikev2_attr *attr;
	size_t total = 0;

	for (size_t i = 0; i < count; i++)
		total += bag[i].attrs.count;
	attr = gikev2_arena_alloc(&engine->arena, total * sizeof(*attr));
	if (!attr)
		return -GIKEV2_ERR_NO_MEMORY;
	total = 0;
	for (size_t i = 0; i < count; i++) {
		memcpy(attr + total, bag[i].attrs.items,
		       bag[i].attrs.count * sizeof(*attr));
		total += bag[i].attrs.count;
	}
	bag->attrs = (struct gikev2_list){ attr, total };
	return 0;
}

/* Who signs, the way through the tree, and Sender-IDs; *count gets 0 or 1. */
static int make_member_bag(struct gikev2 *engine,
			   const struct gikev2_wrapper *wrapper,
			   const struct gikev2_content *content,
			   struct gikev2_bag *bag, size_t *count)
{
	size_t n = 0;
	int ret = 0;

	if (content->kek && content->kek->auth_key &&
	    (content->registration || content->auth_key))
		ret = gikev2_auth_key_add(engine, content->kek, &bag[n++]);
	if (ret == 0 && content->kek && content->lkh)
		ret = (content->registration ? gikev2_lkh_add_path
					     : gikev2_lkh_add_change)(
			engine, wrapper, content->lkh, content->leaf,
			&bag[n++]);
	if (ret == 0 && content->sender_ids)
		ret = gikev2_sender_ids_add(engine, content->sender_ids,
					    &bag[n++]);
	if (ret == 0 && n > 1)
		ret = join_member_bags(engine, bag, n);
	*count += n > 0;
	return ret;
}

/* Adds GSA and KD payloads: Rekey SA, rows, delays, and what is for the
 * member alone. */
int gikev2_policy_add(struct gikev2 *engine,
		      const struct gikev2_wrapper *wrapper,
		      struct gikev2_payloads *payloads,
		      const struct gikev2_content *content, uint64_t now)
{
	size_t room = content->count + 4, policy_count = 0, bag_count = 0;
	struct gikev2_policy *policy =
		gikev2_arena_alloc(&engine->arena, room * sizeof(*policy));
	struct gikev2_bag *bag =
		gikev2_arena_alloc(&engine->arena, room * sizeof(*bag));
	int ret = 0;

	if (!policy || !bag)
		return -GIKEV2_ERR_NO_MEMORY;
	if (content->kek)
		ret = gikev2_kek_add(engine, wrapper, content,
				     &policy[policy_count++], &bag[bag_count++],
				     now);
	for (size_t i = 0; ret == 0 && i < content->count; i++)
		ret = make_row(engine, wrapper, content->rows[i],
			       content->plain, &policy[policy_count++],
			       &bag[bag_count++], now);
	if (ret == 0 && has_group_wide(content))
		ret = make_group_wide(engine, &policy[policy_count++], content);
	if (ret == 0)
		ret = make_member_bag(engine, wrapper, content, &bag[bag_count],
				      &bag_count);
	if (ret < 0)
		return ret;
	add_mode(payloads, content);
	gikev2_payload_add(payloads, GIKEV2_PLD_GSA)->gsa.policies =
		(struct gikev2_list){ policy, policy_count };
	gikev2_payload_add(payloads, GIKEV2_PLD_KD)->kd.bags =
		(struct gikev2_list){ bag, bag_count };
	return 0;
}

/* ----------------------------------------------------------------- receipt */

struct reader {
	struct gikev2 *engine;
	const struct gikev2_origin *origin;
	const struct gikev2_pld_gsa *gsa;
	const struct gikev2_pld_kd *kd;
	bool transport; /* N(USE_TRANSPORT_MODE) came along */
	const struct gikev2_member_config *config;
	struct gikev2_download *download; /* path: the working one */
	uint64_t now;
};

static bool same_chunk(struct gikev2_chunk a, struct gikev2_chunk b)
{
	return a.len == b.len && memcmp(a.ptr, b.ptr, a.len) == 0;
}

/* The key bag of a policy: exactly one (RFC 9838 section 4.5.2). */
static const struct gikev2_bag *find_bag(const struct gikev2_pld_kd *kd,
					 const struct gikev2_policy *policy)
{
	const struct gikev2_bag *bag = kd->bags.items, *found = NULL;

	for (size_t i = 0; i < kd->bags.count; i++, bag++) {
		if (bag->protocol != policy->protocol ||
		    !same_chunk(bag->spi, policy->spi))
			continue;
		if (found)
			return NULL;
		found = bag;
	}
	return found;
}

/* *len: room, then the length of the keying material. */
static int unwrap_sa_key(struct reader *reader,
			 const struct gikev2_policy *policy, uint8_t *plain,
			 size_t *len)
{
	const struct gikev2_bag *bag = find_bag(reader->kd, policy);
	const struct gikev2_attr *attr;
	struct gikev2_chunk wrapped;
	int ret;

	if (!bag)
		return -GIKEV2_ERR_BAD_SYNTAX;
	ret = gikev2_attr_find(&bag->attrs, GIKEV2_SA_KEY, false, &attr);
	if (ret < 0)
		return ret;
	if (ret == 0 || attr->data.len <= GIKEV2_WRAPPED_HEADER_LEN)
		return -GIKEV2_ERR_BAD_SYNTAX;
	/* Key ID and KWK ID: keying material under the default KWK */
	if (gikev2_get_int(attr->data.ptr, 4) ||
	    gikev2_get_int(attr->data.ptr + 4, 4))
		return -GIKEV2_ERR_BAD_SYNTAX;
	wrapped.ptr = attr->data.ptr + GIKEV2_WRAPPED_HEADER_LEN;
	wrapped.len = attr->data.len - GIKEV2_WRAPPED_HEADER_LEN;
	if (wrapped.len > *len)
		return -GIKEV2_ERR_BAD_KEY;
	return gikev2_unwrap(reader->engine->crypto,
			     reader->origin->wrapper->kwa,
			     reader->origin->wrapper->kwk, wrapped, plain, len);
}

static int read_key(struct reader *reader, const struct gikev2_policy *policy,
		    struct keytable_row *row)
{
	uint8_t plain[KEYTABLE_KEY_MAX + GIKEV2_WRAP_OVERHEAD];
	size_t len = sizeof(plain);
	int ret = unwrap_sa_key(reader, policy, plain, &len);

	if (ret == 0 && len > KEYTABLE_KEY_MAX)
		ret = -GIKEV2_ERR_BAD_KEY;
	if (ret == 0) {
		memcpy(row->key, plain, len);
		row->key_len = len;
	}
	explicit_bzero(plain, sizeof(plain));
	return ret;
}

/* The Rekey SA: its policy, its keys, and by which key it is signed. */
static int read_kek(struct reader *reader, const struct gikev2_policy *policy)
{
	uint8_t plain[GIKEV2_KEK_KEYMAT_MAX + GIKEV2_WRAP_OVERHEAD];
	const struct gikev2_bag *bag = find_bag(reader->kd, policy);
	struct gikev2_kek *kek = &reader->download->kek;
	size_t len = sizeof(plain);
	int ret;

	if (kek->alive)
		return -GIKEV2_ERR_BAD_SYNTAX;
	if (!bag)
		return -GIKEV2_ERR_BAD_SYNTAX;
	ret = gikev2_kek_read(policy, reader->kd, reader->origin->carrier, kek,
			      reader->now);
	if (ret == 0)
		ret = gikev2_key_path_open(reader->engine,
					   reader->origin->wrapper, reader->kd,
					   bag, plain, &len,
					   &reader->download->path);
	if (ret == 0 && len != gikev2_kek_keymat_len(kek))
		ret = -GIKEV2_ERR_BAD_KEY;
	if (ret == 0) {
		gikev2_kek_keymat_get(kek, plain);
		kek->profile = reader->origin->profile;
		kek->alive = true;
	}
	explicit_bzero(plain, sizeof(plain));
	return ret;
}

/*
 * Where the server replaces SAs by inband rekey it SHOULD NOT say how long
 * they live (RFC 9838 section 4.4.2.2.1): until the unicast SA ends.
 */
static bool may_be_endless(const struct reader *reader,
			   const struct gikev2_policy *policy)
{
	const struct gikev2_policy *other = reader->gsa->policies.items;

	if (reader->origin->carrier || !gikev2_is_plain(policy->protocol))
		return false;
	for (size_t i = 0; i < reader->gsa->policies.count; i++)
		if (other[i].protocol == GIKEV2_PROTO_GIKE_UPDATE)
			return false;
	return true;
}

static int read_lifetime(struct reader *reader,
			 const struct gikev2_policy *policy,
			 struct keytable_row *row)
{
	const struct gikev2_attr *attr;
	int ret = gikev2_attr_find(&policy->attrs, GIKEV2_GSA_KEY_LIFETIME,
				   false, &attr);

	if (ret < 0)
		return ret;
	if (ret == 0 && may_be_endless(reader, policy)) {
		row->accept_end = KEYTABLE_NEVER;
		return 0;
	}
	/* our profile always sends it: a key without an end is no policy */
	if (ret == 0)
		return -GIKEV2_ERR_BAD_POLICY;
	if (attr->data.len != LIFETIME_LEN)
		return -GIKEV2_ERR_BAD_ATTRIBUTE;
	row->accept_end =
		reader->now +
		gikev2_get_int(attr->data.ptr, LIFETIME_LEN) * GIKEV2_SECOND;
	return 0;
}

static const struct gikev2_offer *
find_offer(const struct gikev2_member_config *config, uint8_t protocol)
{
	for (size_t i = 0; i < config->offer_count; i++)
		if (config->offers[i].protocol == protocol)
			return &config->offers[i];
	return NULL;
}

/* What the policy says beside the key: protocol, SPI, algorithm or suite. */
static int read_head(const struct reader *reader,
		     const struct gikev2_policy *policy,
		     struct keytable_row *row)
{
	const struct keytable_protocol *protocol =
		keytable_protocol_by_wire(policy->protocol);

	if (policy->spi.len != protocol->spi_size)
		return -GIKEV2_ERR_BAD_SYNTAX;
	*row = (struct keytable_row){
		.protocol = policy->protocol,
		.direction = KEYTABLE_BOTH,
		.algorithm = policy->auth_algo,
		.id = gikev2_get_int(policy->spi.ptr, policy->spi.len),
	};
	if (gikev2_is_plain(policy->protocol) && !reader->transport)
		return -GIKEV2_ERR_TUNNEL_MODE;
	if (protocol->applier == KEYTABLE_APPLY_IPSEC)
		return gikev2_ipsec_get(reader->engine, policy,
					reader->origin->local, row);
	return row->algorithm && row->algorithm <= KEYTABLE_AUTH_ALGO_MAX
		       ? 0
		       : -GIKEV2_ERR_BAD_POLICY;
}

/* Algorithm or transforms, as they stand in an offer. */
static uint32_t algorithm_bits(const struct keytable_row *row)
{
	return row->algorithm ? KEYTABLE_ALGO_BIT(row->algorithm)
			      : keytable_suite_bits(&row->ipsec.suite);
}

/* A policy of a protocol that we listed: it must be one we can follow. */
static int read_row(struct reader *reader, const struct gikev2_policy *policy)
{
	struct gikev2_rows *keys = &reader->download->keys;
	const struct gikev2_offer *offer;
	struct keytable_row head, *row;
	int ret = read_head(reader, policy, &head);

	if (ret < 0)
		return ret;
	/* selectors of a protocol that is for other members */
	offer = find_offer(reader->config, head.protocol);
	if (!offer)
		return 0;
	if (algorithm_bits(&head) & ~offer->algorithms)
		return -GIKEV2_ERR_BAD_POLICY;
	if (keys->count == KEYTABLE_ROWS_MAX)
		return -GIKEV2_ERR_LIMIT;
	/* counted already: what follows puts secrets into it */
	row = &keys->row[keys->count++];
	*row = head;
	ret = read_lifetime(reader, policy, row);
	return ret < 0 ? ret : read_key(reader, policy, row);
}

/*
 * Is it one to be read?  Private numbers mean nothing from a server that does
 * not share our profile, and what we did not list is for other members.
 */
static bool is_for_us(const struct reader *reader, uint8_t protocol)
{
	if (!gikev2_is_plain(protocol))
		return reader->origin->profile &&
		       find_offer(reader->config, protocol);
	for (size_t i = 0; i < reader->config->offer_count; i++)
		if (keytable_protocol_by_wire(
			    reader->config->offers[i].protocol)
			    ->applier == KEYTABLE_APPLY_IPSEC)
			return true;
	return false;
}

static int read_group_wide(struct reader *reader,
			   const struct gikev2_policy *policy)
{
	struct gikev2_download *download = reader->download;
	const struct gikev2_attr *attr;
	int ret;

	ret = gikev2_attr_find(&policy->attrs, GIKEV2_GWP_ATD, true, &attr);
	if (ret < 0)
		return ret;
	download->has_atd = ret;
	download->atd = ret ? attr->value * GIKEV2_SECOND : 0;
	ret = gikev2_attr_find(&policy->attrs, GIKEV2_GWP_DTD, true, &attr);
	if (ret < 0)
		return ret;
	download->has_dtd = ret;
	download->dtd = ret ? attr->value * GIKEV2_SECOND : 0;
	return 0;
}

static int read_policies(struct reader *reader)
{
	const struct gikev2_policy *policy = reader->gsa->policies.items;
	size_t wide = 0;
	int ret = 0;

	for (size_t i = 0; i < reader->gsa->policies.count; i++, policy++) {
		if (policy->protocol == GIKEV2_PROTO_NONE) {
			if (wide++)
				return -GIKEV2_ERR_BAD_SYNTAX;
			ret = read_group_wide(reader, policy);
		} else if (policy->protocol == GIKEV2_PROTO_GIKE_UPDATE) {
			ret = read_kek(reader, policy);
		} else if (is_for_us(reader, policy->protocol)) {
			ret = read_row(reader, policy);
		}
		if (ret < 0)
			return ret;
	}
	if (!reader->download->keys.count && !reader->download->kek.alive)
		return -GIKEV2_ERR_BAD_POLICY;
	return 0;
}

static bool needs_sender_id(const struct keytable_row *row)
{
	return !row->algorithm && row->direction & KEYTABLE_OUT &&
	       keytable_suite_counter(&row->ipsec.suite);
}

static void give_sender_ids(struct keytable_row *row,
			    const struct gikev2_sender_ids *ids)
{
	row->ipsec.sender_id_bits = ids->bits;
	row->ipsec.sender_id_count = ids->count;
	memcpy(row->ipsec.sender_ids, ids->id, sizeof(ids->id));
}

/* SAs that we would send on without a Sender-ID (section 2.4.1.4). */
static void leave_out(struct gikev2_rows *rows, size_t at)
{
	memmove(&rows->row[at], &rows->row[at + 1],
		(rows->count - at - 1) * sizeof(rows->row[0]));
	keytable_wipe(&rows->row[--rows->count], 1);
}

/* Counter modes: what a registration says, or what we have since the last. */
static int apply_sender_ids(struct reader *reader)
{
	struct gikev2_download *download = reader->download;
	const struct gikev2_sender_ids *ids = reader->origin->sender_ids;
	struct gikev2_rows *rows = &download->keys;
	uint8_t asked = gikev2_sender_ids_asked(reader->config);
	int ret = 0;

	for (size_t i = rows->count; ret == 0 && i-- > 0;) {
		struct keytable_row *row = &rows->row[i];

		if (!needs_sender_id(row))
			continue;
		if (reader->origin->registration && !download->sender_ids.count)
			ret = gikev2_sender_ids_read(reader->gsa, reader->kd,
						     asked,
						     &download->sender_ids);
		if (reader->origin->registration)
			ids = &download->sender_ids;
		if (ret == 0 && ids && ids->count) {
			give_sender_ids(row, ids);
		} else if (ret == 0) {
			leave_out(rows, i);
			download->sender_id_missing = true;
		}
	}
	return ret;
}

static int check_rows(const struct gikev2_rows *rows)
{
	for (size_t i = 0; i < rows->count; i++)
		if (!keytable_row_valid(&rows->row[i]))
			return -GIKEV2_ERR_BAD_KEY;
	return 0;
}

/* Two policies with one SPI would be two keys with one ID. */
static bool clash(const struct keytable_row *a, const struct keytable_row *b)
{
	return a->id == b->id &&
	       (a->protocol == b->protocol ||
		(a->ipsec.wire && a->ipsec.wire == b->ipsec.wire));
}

static int check_ids(const struct gikev2_rows *keys)
{
	for (size_t i = 0; i < keys->count; i++)
		for (size_t j = i + 1; j < keys->count; j++)
			if (clash(&keys->row[i], &keys->row[j]))
				return -GIKEV2_ERR_BAD_SYNTAX;
	return 0;
}

/* Rows and steps beyond their counts are nothing: most of it is left alone. */
void gikev2_download_clear(struct gikev2_download *download)
{
	download->keys.count = 0;
	download->keys.past_end = 0;
	download->has_atd = download->has_dtd = false;
	download->atd = download->dtd = 0;
	memset(&download->kek, 0, sizeof(download->kek));
	download->path.count = 0;
	memset(&download->sender_ids, 0, sizeof(download->sender_ids));
	download->sender_id_missing = false;
	download->rekeyed = 0;
}

void gikev2_download_wipe(struct gikev2_download *download)
{
	gikev2_rows_wipe(&download->keys);
	gikev2_kek_wipe(&download->kek);
	gikev2_key_path_wipe(&download->path);
}

/*
 * Reads GSA and KD into *download, which is wiped and emptied on error:
 * -BAD_SYNTAX and the like when it is malformed, -BAD_POLICY, -BAD_KEY,
 * -SELECTORS or -TUNNEL_MODE when it is well formed but not for us.
 */
int gikev2_policy_read(struct gikev2 *engine,
		       const struct gikev2_origin *origin,
		       struct gikev2_payloads *payloads,
		       const struct gikev2_member_config *config,
		       struct gikev2_download *download, uint64_t now)
{
	struct reader reader = {
		.engine = engine,
		.origin = origin,
		.gsa = &gikev2_payload_find(payloads, GIKEV2_PLD_GSA)->gsa,
		.kd = &gikev2_payload_find(payloads, GIKEV2_PLD_KD)->kd,
		.transport = gikev2_notify_find(payloads,
						GIKEV2_N_USE_TRANSPORT_MODE),
		.config = config,
		.download = download,
		.now = now,
	};
	int ret;

	gikev2_download_clear(download);
	if (origin->path)
		gikev2_key_path_copy(&download->path, origin->path);
	ret = read_policies(&reader);
	if (ret == 0)
		ret = check_ids(&download->keys);
	if (ret == 0)
		ret = apply_sender_ids(&reader);
	if (ret == 0)
		ret = check_rows(&download->keys);
	if (ret < 0)
		gikev2_download_wipe(download);
	return ret;
}

/* What came over a unicast SA. */
int gikev2_policy_read_ike(struct gikev2_ike *ike,
			   const struct gikev2_member *member,
			   struct gikev2_rx *rx, bool registration,
			   struct gikev2_download *download)
{
	struct gikev2_wrapper wrapper;
	struct gikev2_origin origin = {
		.wrapper = &wrapper,
		.profile = ike->profile,
		.registration = registration,
		.sender_ids = gikev2_member_sender_ids(member),
		.local = &ike->path.local,
	};
	int ret;

	gikev2_download_clear(download);
	ret = gikev2_wrapper_of_ike(ike, &wrapper);
	if (ret == 0)
		ret = gikev2_policy_read(ike->engine, &origin, rx->payloads,
					 gikev2_member_config(member), download,
					 rx->now);
	explicit_bzero(&wrapper, sizeof(wrapper));
	return ret;
}
