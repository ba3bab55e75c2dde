// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The Rekey SA in SAg, GSA and KD payloads (RFC 9838 sections 4.3, 4.4.2,
 * 4.5.2 and 4.5.3).
 */
#include <string.h>

#include "gikev2/gikev2_int.h"

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

/* What a Rekey SA may be protected by. */
static const struct {
	uint8_t type;
	uint16_t id, key_bits;
} known[] = {
	{ GIKEV2_XF_ENCR, GIKEV2_ENCR_AES_GCM_16, 256 },
	{ GIKEV2_XF_ENCR, GIKEV2_ENCR_AES_GCM_16, 128 },
	{ GIKEV2_XF_ENCR, GIKEV2_ENCR_CHACHA20_POLY1305, 0 },
	{ GIKEV2_XF_ENCR, GIKEV2_ENCR_AES_CBC, 256 },
	{ GIKEV2_XF_ENCR, GIKEV2_ENCR_AES_CBC, 128 },
	{ GIKEV2_XF_INTEG, GIKEV2_INTEG_HMAC_SHA2_256_128, 0 },
	{ GIKEV2_XF_INTEG, GIKEV2_INTEG_HMAC_SHA2_384_192, 0 },
	{ GIKEV2_XF_INTEG, GIKEV2_INTEG_HMAC_SHA2_512_256, 0 },
	{ GIKEV2_XF_KWA, GIKEV2_KW_5649_256, 0 },
	{ GIKEV2_XF_KWA, GIKEV2_KW_5649_192, 0 },
	{ GIKEV2_XF_KWA, GIKEV2_KW_5649_128, 0 },
	{ GIKEV2_XF_GCAUTH, GIKEV2_GCAUTH_IMPLICIT, 0 },
	{ GIKEV2_XF_GCAUTH, GIKEV2_GCAUTH_SIGNATURE, 0 },
};

/* The Key Length attribute; bits 0: there is none. */
void gikev2_key_length_add(struct gikev2 *engine,
			   struct gikev2_transform *transform, uint16_t bits)
{
	struct gikev2_attr *attr;

	if (!bits)
		return;
	attr = gikev2_attr_add(engine, &transform->attrs,
			       GIKEV2_ATTR_KEY_LENGTH, 0);
	if (!attr)
		return;
	attr->tv = true;
	attr->value = bits;
}

/* ------------------------------------------------------------------- SAg */

#define ANY_ID (-1)

/*
 * Everything we do, without the signature algorithms one by one: a member
 * takes whatever gikev2_verify() does.
 */
void gikev2_kek_offer(struct gikev2 *engine, struct gikev2_list *transforms)
{
	struct gikev2_transform *transform = gikev2_arena_alloc(
		&engine->arena, ARRAY_LEN(known) * sizeof(*transform));

	if (!transform)
		return;
	/* without multicast there is no Rekey SA, only a KWA must be named */
	transforms->items = transform;
	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		if (!engine->callbacks->multicast &&
		    known[i].type != GIKEV2_XF_KWA)
			continue;
		transform->type = known[i].type;
		transform->id = known[i].id;
		gikev2_key_length_add(engine, transform, known[i].key_bits);
		transform++;
		transforms->count++;
	}
}

/* bits 0: any Key Length, or none. */
static bool is_transform(const struct gikev2_transform *t, uint8_t type,
			 uint16_t id, uint16_t bits)
{
	const struct gikev2_attr *attr;

	if (t->type != type || t->id != id)
		return false;
	return !bits || (gikev2_attr_find(&t->attrs, GIKEV2_ATTR_KEY_LENGTH,
					  true, &attr) == 1 &&
			 attr->value == bits);
}

/* Of SAg only the proposals of that number count. */
static bool lists(const struct gikev2_pld_sa *sag, uint8_t number, uint8_t type,
		  int id, uint16_t bits)
{
	const struct gikev2_proposal *proposal = sag->proposals.items;

	for (size_t i = 0; i < sag->proposals.count; i++, proposal++) {
		const struct gikev2_transform *t = proposal->transforms.items;

		if (proposal->protocol != GIKEV2_PROTO_GIKE_UPDATE ||
		    proposal->number != number)
			continue;
		for (size_t j = 0; j < proposal->transforms.count; j++, t++)
			if (id == ANY_ID ? t->type == type
					 : is_transform(t, type, id, bits))
				return true;
	}
	return false;
}

/* Does the member do multicast rekey, with what gikev2_kek_draw() takes for it?
 * Who lists no GCAUTH at all leaves that to us. */
bool gikev2_kek_match(const struct gikev2_pld_sa *sag, uint8_t number,
		      const struct gikev2_rekey_config *rekey)
{
	int gcauth = rekey->key ? GIKEV2_GCAUTH_SIGNATURE
				: GIKEV2_GCAUTH_IMPLICIT;

	return lists(sag, number, GIKEV2_XF_ENCR, GIKEV2_ENCR_AES_GCM_16,
		     256) &&
	       lists(sag, number, GIKEV2_XF_KWA, GIKEV2_KW_5649_256, 0) &&
	       (lists(sag, number, GIKEV2_XF_GCAUTH, gcauth, 0) ||
		!lists(sag, number, GIKEV2_XF_GCAUTH, ANY_ID, 0));
}

/* -------------------------------------------------------------- generation */

/* One address and port, UDP; family 0: any address, any port. */
static void put_ts(struct gikev2_ts *ts, const struct gikev2_endpoint *endpoint,
		   uint8_t family)
{
	*ts = (struct gikev2_ts){
		.type = family == 4 ? GIKEV2_TS_IPV4 : GIKEV2_TS_IPV6,
		.protocol = GIKEV2_IPPROTO_UDP,
		.end_port = UINT16_MAX,
	};
	if (!endpoint->family) {
		memset(ts->end, 0xff, sizeof(ts->end));
		return;
	}
	ts->start_port = ts->end_port = endpoint->port;
	memcpy(ts->start, endpoint->ip, sizeof(ts->start));
	memcpy(ts->end, endpoint->ip, sizeof(ts->end));
}

static int put_transforms(struct gikev2 *engine, const struct gikev2_kek *kek,
			  bool registration, struct gikev2_list *list)
{
	struct gikev2_transform *t =
		gikev2_arena_alloc(&engine->arena, 4 * sizeof(*t));
	struct gikev2_attr *attr;
	size_t n = 0;

	if (!t)
		return -GIKEV2_ERR_NO_MEMORY;
	t[n].type = GIKEV2_XF_ENCR;
	t[n].id = kek->encr->id;
	gikev2_key_length_add(engine, &t[n++], kek->encr->key_bits);
	if (kek->integ) {
		t[n].type = GIKEV2_XF_INTEG;
		t[n++].id = kek->integ->id;
	}
	t[n].type = GIKEV2_XF_KWA;
	t[n++].id = kek->kwa->id;
	/* how it is authenticated cannot be changed by a rekey */
	if (registration) {
		t[n].type = GIKEV2_XF_GCAUTH;
		t[n].id = kek->sign_alg ? GIKEV2_GCAUTH_SIGNATURE
					: GIKEV2_GCAUTH_IMPLICIT;
		if (kek->sign_alg) {
			attr = gikev2_attr_add(engine, &t[n].attrs,
					       GIKEV2_ATTR_SIGNATURE_ALGORITHM,
					       0);
			if (!attr)
				return -GIKEV2_ERR_NO_MEMORY;
			attr->data = kek->sign_alg->id;
		}
		n++;
	}
	*list = (struct gikev2_list){ t, n };
	return 0;
}

/*
 * GSA_KEY_LIFETIME, GSA_INITIAL_MESSAGE_ID when it is not zero, and the
 * GSA_NEXT_SPIs.
 */
static int put_attrs(struct gikev2 *engine, const struct gikev2_kek *kek,
		     struct gikev2_list *list, uint64_t now)
{
	struct gikev2_attr *attr = gikev2_arena_alloc(
		&engine->arena, (2 + kek->next_spi_count) * sizeof(*attr));
	uint8_t *octets = gikev2_arena_alloc(&engine->arena, 8);
	uint64_t left = kek->end > now ? (kek->end - now) / GIKEV2_SECOND : 0;
	size_t n = 0;

	if (!attr || !octets)
		return -GIKEV2_ERR_NO_MEMORY;
	gikev2_put_int(octets, left > UINT32_MAX ? UINT32_MAX : left, 4);
	gikev2_put_int(octets + 4, kek->next_id, 4);
	attr[n++] = (struct gikev2_attr){ .type = GIKEV2_GSA_KEY_LIFETIME,
					  .data = { octets, 4 } };
	if (kek->next_id)
		attr[n++] = (struct gikev2_attr){
			.type = GIKEV2_GSA_INITIAL_MESSAGE_ID,
			.data = { octets + 4, 4 }
		};
	for (size_t i = 0; i < kek->next_spi_count; i++)
		attr[n++] = (struct gikev2_attr){
			.type = GIKEV2_GSA_NEXT_SPI,
			.data = { kek->next_spi[i], GIKEV2_KEK_SPI_LEN }
		};
	*list = (struct gikev2_list){ attr, n };
	return 0;
}

int gikev2_kek_add(struct gikev2 *engine, const struct gikev2_wrapper *wrapper,
		   const struct gikev2_content *content,
		   struct gikev2_policy *policy, struct gikev2_bag *bag,
		   uint64_t now)
{
	const struct gikev2_kek *kek = content->kek;
	uint8_t keymat[GIKEV2_KEK_KEYMAT_MAX];
	struct gikev2_chunk plain = { keymat, gikev2_kek_keymat_len(kek) };
	int ret;

	policy->protocol = bag->protocol = GIKEV2_PROTO_GIKE_UPDATE;
	policy->spi = bag->spi =
		(struct gikev2_chunk){ kek->spi, sizeof(kek->spi) };
	put_ts(&policy->source, &kek->source, kek->destination.family);
	put_ts(&policy->destination, &kek->destination,
	       kek->destination.family);
	ret = put_transforms(engine, kek, content->registration,
			     &policy->transforms);
	if (ret == 0)
		ret = put_attrs(engine, kek, &policy->attrs, now);
	if (ret < 0)
		return ret;
	gikev2_kek_keymat_put(kek, keymat);
	if (content->lkh)
		ret = gikev2_lkh_add_sa_keys(engine, wrapper, content->lkh,
					     content->registration
						     ? content->leaf
						     : GIKEV2_LKH_NO_LEAF,
					     plain, bag);
	else
		ret = gikev2_wrap_sa_key(engine, wrapper, plain, bag);
	explicit_bzero(keymat, sizeof(keymat));
	return ret;
}

/* AUTH_KEY: a member key bag with the public key that GSA_REKEY is signed by. */
int gikev2_auth_key_add(struct gikev2 *engine, const struct gikev2_kek *kek,
			struct gikev2_bag *bag)
{
	size_t len = GIKEV2_SPKI_MAX;
	struct gikev2_attr *attr =
		gikev2_attr_add(engine, &bag->attrs, GIKEV2_AUTH_KEY, len);
	int ret;

	if (!attr)
		return -GIKEV2_ERR_NO_MEMORY;
	ret = gikev2_key_spki(kek->auth_key, (uint8_t *)attr->data.ptr, &len);
	attr->data.len = len;
	return ret;
}

/* ----------------------------------------------------------------- receipt */

/* One address and port, UDP; a wildcard leaves the port, or all of it, at 0. */
static int get_endpoint(const struct gikev2_ts *ts, bool wildcard,
			struct gikev2_endpoint *endpoint)
{
	size_t len = ts->type == GIKEV2_TS_IPV4 ? 4 : 16;
	bool one = memcmp(ts->start, ts->end, len) == 0;
	bool port = ts->start_port == ts->end_port;

	*endpoint = (struct gikev2_endpoint){ 0 };
	if (ts->protocol != GIKEV2_IPPROTO_UDP && (ts->protocol || !wildcard))
		return -GIKEV2_ERR_BAD_POLICY;
	if (!wildcard && (!one || !port))
		return -GIKEV2_ERR_BAD_POLICY;
	if (!one)
		return 0;
	endpoint->family = len == 4 ? 4 : 6;
	endpoint->port = port ? ts->start_port : 0;
	memcpy(endpoint->ip, ts->start, len);
	return 0;
}

/* Attribute 18 and AUTH_KEY have to fit each other. */
static int get_signature(const struct gikev2_transform *transform,
			 struct gikev2_kek *kek)
{
	const struct gikev2_attr *attr;
	int ret = gikev2_attr_find(&transform->attrs,
				   GIKEV2_ATTR_SIGNATURE_ALGORITHM, false,
				   &attr);

	if (ret < 0)
		return ret;
	if ((transform->id == GIKEV2_GCAUTH_SIGNATURE) != (ret == 1))
		return -GIKEV2_ERR_BAD_SYNTAX;
	if (transform->id == GIKEV2_GCAUTH_IMPLICIT)
		return 0;
	if (transform->id != GIKEV2_GCAUTH_SIGNATURE)
		return -GIKEV2_ERR_BAD_POLICY;
	kek->sign_alg = gikev2_sign_alg_find(attr->data);
	return kek->sign_alg ? 0 : -GIKEV2_ERR_BAD_POLICY;
}

static int take(const struct gikev2_transform *t, struct gikev2_kek *kek)
{
	const struct gikev2_attr *attr;
	int bits = gikev2_attr_find(&t->attrs, GIKEV2_ATTR_KEY_LENGTH, true,
				    &attr);

	if (bits < 0)
		return bits;
	switch (t->type) {
	case GIKEV2_XF_ENCR:
		kek->encr = gikev2_encr_find(t->id, bits ? attr->value : 0);
		return kek->encr ? 0 : -GIKEV2_ERR_BAD_POLICY;
	case GIKEV2_XF_INTEG:
		kek->integ = gikev2_integ_find(t->id);
		if (t->id == GIKEV2_INTEG_NONE || kek->integ)
			return 0;
		return -GIKEV2_ERR_BAD_POLICY;
	case GIKEV2_XF_KWA:
		kek->kwa = gikev2_kwa_find(t->id);
		return kek->kwa ? 0 : -GIKEV2_ERR_BAD_POLICY;
	case GIKEV2_XF_GCAUTH:
		return get_signature(t, kek);
	}
	return -GIKEV2_ERR_BAD_POLICY;
}

static int get_transforms(const struct gikev2_policy *policy, bool registration,
			  struct gikev2_kek *kek)
{
	const struct gikev2_transform *t = policy->transforms.items;
	uint32_t seen = 0;
	int ret;

	for (size_t i = 0; i < policy->transforms.count; i++, t++) {
		uint32_t bit = t->type < 32 ? 1u << t->type : 0;

		if (seen & bit)
			return -GIKEV2_ERR_BAD_SYNTAX;
		seen |= bit;
		ret = take(t, kek);
		if (ret < 0)
			return ret;
	}
	if (!(seen & 1u << GIKEV2_XF_GCAUTH) == registration)
		return -GIKEV2_ERR_BAD_SYNTAX;
	if (!kek->encr || !kek->kwa ||
	    (kek->encr->icv_len == 0) != (kek->integ != NULL))
		return -GIKEV2_ERR_BAD_POLICY;
	return 0;
}

static int get_u32(const struct gikev2_list *attrs, uint16_t type,
		   uint32_t *value)
{
	const struct gikev2_attr *attr;
	int ret = gikev2_attr_find(attrs, type, false, &attr);

	if (ret <= 0)
		return ret;
	if (attr->data.len != 4)
		return -GIKEV2_ERR_BAD_ATTRIBUTE;
	*value = gikev2_get_int(attr->data.ptr, 4);
	return 1;
}

/* GSA_NEXT_SPI: as many as we care to remember, which are hints at best. */
static int get_next_spis(const struct gikev2_list *attrs,
			 struct gikev2_kek *kek)
{
	const struct gikev2_attr *attr = attrs->items;

	for (size_t i = 0; i < attrs->count; i++, attr++) {
		if (attr->type != GIKEV2_GSA_NEXT_SPI)
			continue;
		if (attr->tv || attr->data.len != GIKEV2_KEK_SPI_LEN)
			return -GIKEV2_ERR_BAD_ATTRIBUTE;
		if (kek->next_spi_count < GIKEV2_NEXT_SPIS_MAX)
			memcpy(kek->next_spi[kek->next_spi_count++],
			       attr->data.ptr, GIKEV2_KEK_SPI_LEN);
	}
	return 0;
}

/* AUTH_KEY in any member key bag.  1: found; 0: absent; or negative. */
static int find_auth_key(const struct gikev2_pld_kd *kd,
			 const struct gikev2_attr **attr)
{
	const struct gikev2_bag *bag = kd->bags.items;
	int ret = 0;

	for (size_t i = 0; i < kd->bags.count && ret == 0; i++)
		if (bag[i].protocol == GIKEV2_PROTO_NONE)
			ret = gikev2_attr_find(&bag[i].attrs, GIKEV2_AUTH_KEY,
					       false, attr);
	return ret;
}

int gikev2_kek_new_auth_key(const struct gikev2_pld_kd *kd,
			    struct gikev2_kek *kek)
{
	const struct gikev2_attr *attr;
	struct gikev2_key *key;
	int ret = find_auth_key(kd, &attr);

	if (ret <= 0)
		return ret;
	if (!kek->sign_alg)
		return -GIKEV2_ERR_BAD_SYNTAX;
	ret = gikev2_key_from_spki(attr->data, &key);
	if (ret < 0)
		return ret == -GIKEV2_ERR_KEY_REFUSED ? -GIKEV2_ERR_BAD_POLICY
						      : ret;
	if (!gikev2_sign_alg_fits(kek->sign_alg, key)) {
		gikev2_key_free(key);
		return -GIKEV2_ERR_BAD_POLICY;
	}
	gikev2_key_free(kek->auth_key);
	kek->auth_key = key;
	return 0;
}

/* The key that GSA_REKEY will be signed by; stays the same when absent. */
static int get_auth_key(const struct gikev2_pld_kd *kd,
			const struct gikev2_kek *carrier,
			struct gikev2_kek *kek)
{
	const struct gikev2_attr *attr;
	int ret = find_auth_key(kd, &attr);

	if (ret < 0)
		return ret;
	if (!kek->sign_alg || ret == 1)
		return gikev2_kek_new_auth_key(kd, kek);
	if (!carrier)
		return -GIKEV2_ERR_BAD_SYNTAX;
	kek->auth_key = gikev2_key_dup(carrier->auth_key);
	return kek->auth_key ? 0 : -GIKEV2_ERR_NO_MEMORY;
}

/*
 * Policy and AUTH_KEY of a Rekey SA, all but its keying material.  Over
 * another Rekey SA (`carrier`) it inherits how it is authenticated.
 */
int gikev2_kek_read(const struct gikev2_policy *policy,
		    const struct gikev2_pld_kd *kd,
		    const struct gikev2_kek *carrier, struct gikev2_kek *kek,
		    uint64_t now)
{
	uint32_t lifetime;
	int ret;

	if (policy->spi.len != GIKEV2_KEK_SPI_LEN)
		return -GIKEV2_ERR_BAD_SYNTAX;
	memcpy(kek->spi, policy->spi.ptr, GIKEV2_KEK_SPI_LEN);
	if (carrier)
		kek->sign_alg = carrier->sign_alg;
	ret = get_transforms(policy, !carrier, kek);
	if (ret == 0)
		ret = get_endpoint(&policy->destination, false,
				   &kek->destination);
	if (ret == 0)
		ret = get_endpoint(&policy->source, true, &kek->source);
	if (ret == 0 && !gikev2_endpoint_multicast(&kek->destination))
		ret = -GIKEV2_ERR_BAD_POLICY;
	if (ret < 0)
		return ret;
	ret = get_u32(&policy->attrs, GIKEV2_GSA_KEY_LIFETIME, &lifetime);
	if (ret <= 0)
		return ret < 0 ? ret : -GIKEV2_ERR_BAD_POLICY;
	kek->end = now + lifetime * GIKEV2_SECOND;
	ret = get_u32(&policy->attrs, GIKEV2_GSA_INITIAL_MESSAGE_ID,
		      &kek->next_id);
	if (ret >= 0)
		ret = get_next_spis(&policy->attrs, kek);
	return ret < 0 ? ret : get_auth_key(kd, carrier, kek);
}
