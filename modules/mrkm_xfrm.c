// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * SAs and SPs as messages of XFRM, the kernel's IPsec.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/xfrm.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "modules/mrkm_nlmsg.h"

/* Transforms by the names that the kernel's crypto API has for them. */
static const struct {
	uint16_t id;
	bool aead;
	const char *name;
} encrs[] = {
	{ 11, false, "ecb(cipher_null)" },
	{ 12, false, "cbc(aes)" },
	{ 20, true, "rfc4106(gcm(aes))" },
	{ 21, true, "rfc4543(gcm(aes))" },
	{ 28, true, "rfc7539esp(chacha20,poly1305)" },
};

static const struct {
	uint16_t id;
	uint16_t icv_bits;
	const char *name;
} integs[] = {
	{ 2, 96, "hmac(sha1)" },
	{ 12, 128, "hmac(sha256)" },
	{ 13, 192, "hmac(sha384)" },
	{ 14, 256, "hmac(sha512)" },
};

#define AEAD_ICV_BITS 128
#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

/*
 * XFRM's structures hold 64-bit integers, but messages are aligned to four
 * octets only: they are copied in and out.
 */
static void put_head(struct nlmsghdr *nlh, const void *head, size_t size)
{
	memcpy(mnl_nlmsg_put_extra_header(nlh, size), head, size);
}

static bool get_head(const struct nlmsghdr *nlh, void *head, size_t size)
{
	if (mnl_nlmsg_get_payload_len(nlh) < size)
		return false;
	memcpy(head, mnl_nlmsg_get_payload(nlh), size);
	return true;
}

/* ------------------------------------------------------------------- batches */

static int batch_room(struct mrkm_batch *batch)
{
	size_t room = batch->room + 16 * MRKM_NLMSG_MAX;
	uint8_t *bigger;

	if (batch->room - batch->len >= MRKM_NLMSG_MAX)
		return 0;
	bigger = calloc(1, room);
	if (!bigger)
		return -ENOMEM;
	if (batch->octets) {
		memcpy(bigger, batch->octets, batch->len);
		explicit_bzero(batch->octets, batch->len);
		free(batch->octets);
	}
	batch->octets = bigger;
	batch->room = room;
	return 0;
}

struct nlmsghdr *mrkm_batch_begin(struct mrkm_batch *batch, uint16_t type,
				  uint16_t flags, uint32_t sequence)
{
	struct nlmsghdr *nlh;

	if (batch_room(batch))
		return NULL;
	nlh = mnl_nlmsg_put_header(batch->octets + batch->len);
	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_REQUEST | flags;
	nlh->nlmsg_seq = sequence;
	return nlh;
}

void mrkm_batch_end(struct mrkm_batch *batch, const struct nlmsghdr *nlh)
{
	batch->len += MNL_ALIGN(nlh->nlmsg_len);
	batch->count++;
}

void mrkm_batch_clear(struct mrkm_batch *batch)
{
	if (batch->octets)
		explicit_bzero(batch->octets, batch->len);
	free(batch->octets);
	memset(batch, 0, sizeof(*batch));
}

/* -------------------------------------------------------------------- writing */

static const char *encr_name(const struct keytable_suite *suite, bool *aead)
{
	for (size_t i = 0; i < ARRAY_LEN(encrs); i++)
		if (encrs[i].id == suite->encr) {
			*aead = encrs[i].aead;
			return encrs[i].name;
		}
	return NULL;
}

static const char *integ_name(const struct keytable_suite *suite,
			      uint16_t *icv_bits)
{
	for (size_t i = 0; i < ARRAY_LEN(integs); i++)
		if (integs[i].id == suite->integ) {
			*icv_bits = integs[i].icv_bits;
			return integs[i].name;
		}
	return NULL;
}

static void put_aead(struct nlmsghdr *nlh, const char *name, const uint8_t *key,
		     size_t key_len)
{
	struct {
		struct xfrm_algo_aead head;
		uint8_t key[KEYTABLE_KEY_MAX];
	} algo = { .head = { .alg_key_len = 8 * key_len,
			     .alg_icv_len = AEAD_ICV_BITS } };

	strncpy(algo.head.alg_name, name, sizeof(algo.head.alg_name) - 1);
	memcpy(algo.key, key, key_len);
	mnl_attr_put(nlh, XFRMA_ALG_AEAD, sizeof(algo.head) + key_len, &algo);
	explicit_bzero(&algo, sizeof(algo));
}

static void put_crypt(struct nlmsghdr *nlh, const char *name,
		      const uint8_t *key, size_t key_len)
{
	struct {
		struct xfrm_algo head;
		uint8_t key[KEYTABLE_KEY_MAX];
	} algo = { .head = { .alg_key_len = 8 * key_len } };

	strncpy(algo.head.alg_name, name, sizeof(algo.head.alg_name) - 1);
	memcpy(algo.key, key, key_len);
	mnl_attr_put(nlh, XFRMA_ALG_CRYPT, sizeof(algo.head) + key_len, &algo);
	explicit_bzero(&algo, sizeof(algo));
}

static void put_auth(struct nlmsghdr *nlh, const char *name, uint16_t icv_bits,
		     const uint8_t *key, size_t key_len)
{
	struct {
		struct xfrm_algo_auth head;
		uint8_t key[KEYTABLE_KEY_MAX];
	} algo = { .head = { .alg_key_len = 8 * key_len,
			     .alg_trunc_len = icv_bits } };

	strncpy(algo.head.alg_name, name, sizeof(algo.head.alg_name) - 1);
	memcpy(algo.key, key, key_len);
	mnl_attr_put(nlh, XFRMA_ALG_AUTH_TRUNC, sizeof(algo.head) + key_len,
		     &algo);
	explicit_bzero(&algo, sizeof(algo));
}

static int put_algorithms(struct nlmsghdr *nlh, const struct mrkm_sa *sa)
{
	const struct keytable_suite *suite = &sa->suite;
	const struct keytable_transform *encr = keytable_transform_find(
		KEYTABLE_ENCR, suite->encr, suite->encr_bits);
	size_t encr_len = encr ? encr->key_len : 0;
	const char *encr_text, *integ_text;
	uint16_t icv_bits = 0;
	bool aead = false;

	encr_text = encr_name(suite, &aead);
	integ_text = integ_name(suite, &icv_bits);
	if (sa->key_len != keytable_suite_key_len(suite) || !sa->key_len ||
	    (suite->encr && !encr_text) || (suite->integ && !integ_text))
		return -EINVAL;
	if (aead)
		put_aead(nlh, encr_text, sa->key, encr_len);
	else if (encr_text)
		put_crypt(nlh, encr_text, sa->key, encr_len);
	if (integ_text)
		put_auth(nlh, integ_text, icv_bits, sa->key + encr_len,
			 sa->key_len - encr_len);
	return 0;
}

static const struct mrkm_traffic_info *traffic_of(uint32_t reqid)
{
	uint32_t traffic = reqid & ~MRKM_IPSEC_REQID_MASK;

	if ((reqid & MRKM_IPSEC_REQID_MASK) != MRKM_IPSEC_REQID ||
	    traffic >= MRKM_TRAFFIC_MAX)
		return NULL;
	return &mrkm_traffic[traffic];
}

static uint8_t host_prefix(uint8_t family)
{
	return family == AF_INET ? 32 : 128;
}

static void put_lifetime(struct xfrm_lifetime_cfg *lifetime, uint32_t seconds)
{
	lifetime->soft_byte_limit = lifetime->hard_byte_limit = XFRM_INF;
	lifetime->soft_packet_limit = lifetime->hard_packet_limit = XFRM_INF;
	lifetime->hard_add_expires_seconds = seconds;
}

/*
 * The SA's own selector: the destination, and the protocol where the kernel
 * knows it both when sending and on receipt.
 */
static void put_sa_selector(struct xfrm_selector *sel, const struct mrkm_sa *sa)
{
	const struct mrkm_traffic_info *info = traffic_of(sa->reqid);

	sel->family = sa->family;
	memcpy(&sel->daddr, &sa->destination, sizeof(sel->daddr));
	sel->prefixlen_d = host_prefix(sa->family);
	if (info)
		sel->proto = info->out_protocol;
}

static int put_new_sa(struct mrkm_batch *batch, const struct mrkm_sa *sa,
		      uint32_t sequence)
{
	struct nlmsghdr *nlh = mrkm_batch_begin(
		batch, XFRM_MSG_NEWSA, NLM_F_CREATE | NLM_F_EXCL, sequence);
	struct xfrm_replay_state replay = { .oseq = sa->sequence };
	struct xfrm_usersa_info info = {
		.id = { .spi = htonl(sa->spi), .proto = sa->ip_protocol },
		.seq = sa->acquire,
		.reqid = sa->reqid,
		.family = sa->family,
		.mode = XFRM_MODE_TRANSPORT,
		.replay_window = sa->replay ? MRKM_IPSEC_REPLAY_WINDOW : 0,
	};
	int err;

	if (!nlh)
		return -ENOMEM;
	put_sa_selector(&info.sel, sa);
	memcpy(&info.id.daddr, &sa->destination, sizeof(info.id.daddr));
	put_lifetime(&info.lft, sa->lifetime);
	put_head(nlh, &info, sizeof(info));
	err = put_algorithms(nlh, sa);
	/* Linux before 6.10 has no other way to say so: whatever number comes
	 * in, it was there already */
	if (sa->only_out)
		replay.seq = replay.bitmap = UINT32_MAX;
	if (sa->sequence || sa->only_out)
		mnl_attr_put(nlh, XFRMA_REPLAY_VAL, sizeof(replay), &replay);
	if (err)
		explicit_bzero(nlh, nlh->nlmsg_len);
	else
		mrkm_batch_end(batch, nlh);
	return err;
}

static int put_del_sa(struct mrkm_batch *batch, const struct mrkm_sa *sa,
		      uint32_t sequence)
{
	struct nlmsghdr *nlh =
		mrkm_batch_begin(batch, XFRM_MSG_DELSA, 0, sequence);
	struct xfrm_usersa_id id = { .spi = htonl(sa->spi),
				     .family = sa->family,
				     .proto = sa->ip_protocol };

	if (!nlh)
		return -ENOMEM;
	memcpy(&id.daddr, &sa->destination, sizeof(id.daddr));
	put_head(nlh, &id, sizeof(id));
	mrkm_batch_end(batch, nlh);
	return 0;
}

static void put_sp_selector(struct xfrm_selector *sel, const struct mrkm_sp *sp)
{
	memcpy(&sel->daddr, &sp->destination, sizeof(sel->daddr));
	sel->prefixlen_d = sp->prefix;
	sel->family = sp->family;
	sel->proto = sp->ip_protocol;
	sel->ifindex = sp->ifindex;
}

static uint8_t sp_direction(const struct mrkm_sp *sp)
{
	return sp->in ? XFRM_POLICY_IN : XFRM_POLICY_OUT;
}

/* One that blocks has a template, too: for our mark. */
static int put_set_sp(struct mrkm_batch *batch, const struct mrkm_sp *sp,
		      uint32_t sequence)
{
	struct nlmsghdr *nlh =
		mrkm_batch_begin(batch, XFRM_MSG_UPDPOLICY, 0, sequence);
	struct xfrm_userpolicy_info info = {
		.priority = MRKM_IPSEC_PRIORITY,
		.dir = sp_direction(sp),
		.action = sp->block ? XFRM_POLICY_BLOCK : XFRM_POLICY_ALLOW,
	};
	struct xfrm_user_tmpl template = {
		.id = { .spi = htonl(sp->spi),
			.proto = sp->block ? IPPROTO_ESP : sp->sa_protocol },
		.family = sp->family,
		.reqid = sp->reqid,
		.mode = XFRM_MODE_TRANSPORT,
		.aalgos = ~0U,
		.ealgos = ~0U,
		.calgos = ~0U,
	};

	if (!nlh)
		return -ENOMEM;
	put_sp_selector(&info.sel, sp);
	put_lifetime(&info.lft, 0);
	put_head(nlh, &info, sizeof(info));
	mnl_attr_put(nlh, XFRMA_TMPL, sizeof(template), &template);
	mrkm_batch_end(batch, nlh);
	return 0;
}

static int put_del_sp(struct mrkm_batch *batch, const struct mrkm_sp *sp,
		      uint32_t sequence)
{
	struct nlmsghdr *nlh =
		mrkm_batch_begin(batch, XFRM_MSG_DELPOLICY, 0, sequence);
	struct xfrm_userpolicy_id id = { .dir = sp_direction(sp) };

	if (!nlh)
		return -ENOMEM;
	put_sp_selector(&id.sel, sp);
	put_head(nlh, &id, sizeof(id));
	mrkm_batch_end(batch, nlh);
	return 0;
}

int mrkm_xfrm_put(struct mrkm_batch *batch, const struct mrkm_op *op,
		  uint32_t sequence)
{
	int err;

	switch (op->type) {
	case MRKM_OP_ADD_SA:
		return put_new_sa(batch, op->sa, sequence);
	case MRKM_OP_CHANGE_SA:
		err = put_del_sa(batch, op->sa, MRKM_SEQUENCE_NONE);
		return err ? err : put_new_sa(batch, op->sa, sequence);
	case MRKM_OP_DEL_SA:
		return put_del_sa(batch, op->sa, sequence);
	case MRKM_OP_SET_SP:
		return put_set_sp(batch, op->sp, sequence);
	case MRKM_OP_DEL_SP:
		return put_del_sp(batch, op->sp, sequence);
	case MRKM_OP_SET_FILTER:
	case MRKM_OP_DEL_FILTER:
		break;
	}
	return -EINVAL;
}

static int put_dump(struct mrkm_batch *batch, uint16_t type, size_t size,
		    uint32_t sequence)
{
	struct nlmsghdr *nlh =
		mrkm_batch_begin(batch, type, NLM_F_DUMP, sequence);

	if (!nlh)
		return -ENOMEM;
	mnl_nlmsg_put_extra_header(nlh, size);
	mrkm_batch_end(batch, nlh);
	return 0;
}

int mrkm_xfrm_put_dump_sas(struct mrkm_batch *batch, uint32_t sequence)
{
	return put_dump(batch, XFRM_MSG_GETSA, sizeof(struct xfrm_usersa_id),
			sequence);
}

int mrkm_xfrm_put_dump_sps(struct mrkm_batch *batch, uint32_t sequence)
{
	return put_dump(batch, XFRM_MSG_GETPOLICY,
			sizeof(struct xfrm_userpolicy_id), sequence);
}

/* -------------------------------------------------------------------- reading */

/* The first attribute of a type that has at least `size` octets, or NULL. */
static const struct nlattr *find_attr(const struct nlmsghdr *nlh, size_t head,
				      uint16_t type, size_t size)
{
	const struct nlattr *attr;

	if (mnl_nlmsg_get_payload_len(nlh) < head)
		return NULL;
	mnl_attr_for_each(attr, nlh, head)
		if (mnl_attr_get_type(attr) == type)
			return mnl_attr_get_payload_len(attr) >= size ? attr
								      : NULL;
	return NULL;
}

/* An algorithm that is not one of ours leaves the suite as it is. */
static void read_encr(const char *name, size_t key_len, struct mrkm_sa *sa)
{
	const struct keytable_transform *transforms, *t;
	size_t count;

	transforms = keytable_transforms(&count);
	for (size_t i = 0; i < ARRAY_LEN(encrs); i++) {
		if (strcmp(encrs[i].name, name) != 0)
			continue;
		for (t = transforms; t < transforms + count; t++)
			if (t->type == KEYTABLE_ENCR && t->id == encrs[i].id &&
			    t->key_len == key_len) {
				sa->suite.encr = t->id;
				sa->suite.encr_bits = t->key_bits;
			}
	}
}

static void read_integ(const char *name, uint16_t icv_bits, struct mrkm_sa *sa)
{
	for (size_t i = 0; i < ARRAY_LEN(integs); i++)
		if (strcmp(integs[i].name, name) == 0 &&
		    integs[i].icv_bits == icv_bits)
			sa->suite.integ = integs[i].id;
}

static void read_key(const uint8_t *key, size_t bits, size_t room,
		     struct mrkm_sa *sa)
{
	size_t len = bits / 8;

	if (len > room || len > sizeof(sa->key) - sa->key_len)
		return;
	memcpy(sa->key + sa->key_len, key, len);
	sa->key_len += len;
}

static void read_algorithms(const struct nlmsghdr *nlh, struct mrkm_sa *sa)
{
	const size_t head = sizeof(struct xfrm_usersa_info);
	const struct xfrm_algo_aead *aead;
	const struct xfrm_algo_auth *auth;
	const struct xfrm_algo *crypt;
	const struct nlattr *attr;

	attr = find_attr(nlh, head, XFRMA_ALG_AEAD, sizeof(*aead));
	if (attr) {
		aead = mnl_attr_get_payload(attr);
		read_encr(aead->alg_name, aead->alg_key_len / 8, sa);
		read_key((const uint8_t *)aead->alg_key, aead->alg_key_len,
			 mnl_attr_get_payload_len(attr) - sizeof(*aead), sa);
	}
	attr = find_attr(nlh, head, XFRMA_ALG_CRYPT, sizeof(*crypt));
	if (attr) {
		crypt = mnl_attr_get_payload(attr);
		read_encr(crypt->alg_name, crypt->alg_key_len / 8, sa);
		read_key((const uint8_t *)crypt->alg_key, crypt->alg_key_len,
			 mnl_attr_get_payload_len(attr) - sizeof(*crypt), sa);
	}
	attr = find_attr(nlh, head, XFRMA_ALG_AUTH_TRUNC, sizeof(*auth));
	if (attr) {
		auth = mnl_attr_get_payload(attr);
		read_integ(auth->alg_name, auth->alg_trunc_len, sa);
		read_key((const uint8_t *)auth->alg_key, auth->alg_key_len,
			 mnl_attr_get_payload_len(attr) - sizeof(*auth), sa);
	}
}

static bool read_only_out(const struct nlmsghdr *nlh)
{
	struct xfrm_replay_state replay;
	const struct nlattr *attr = find_attr(nlh,
					      sizeof(struct xfrm_usersa_info),
					      XFRMA_REPLAY_VAL, sizeof(replay));

	if (!attr)
		return false;
	memcpy(&replay, mnl_attr_get_payload(attr), sizeof(replay));
	return replay.seq == UINT32_MAX;
}

static void copy_address(struct mrkm_address *to, const void *from,
			 uint8_t family)
{
	memset(to, 0, sizeof(*to));
	memcpy(to, from, family == AF_INET ? 4 : 16);
}

/* One that waits for an answer has the SPI that the policy names, and no key. */
static int read_sa(const struct nlmsghdr *nlh, struct mrkm_image *image)
{
	struct xfrm_usersa_info info;
	struct mrkm_sa sa = { 0 };
	int err;

	if (!get_head(nlh, &info, sizeof(info)) || !traffic_of(info.reqid) ||
	    !info.id.spi)
		return 0;
	sa.family = info.family;
	sa.ip_protocol = info.id.proto;
	sa.spi = ntohl(info.id.spi);
	copy_address(&sa.destination, &info.id.daddr, sa.family);
	sa.reqid = info.reqid;
	sa.replay = info.replay_window != 0;
	sa.only_out = sa.replay && read_only_out(nlh);
	read_algorithms(nlh, &sa);
	err = mrkm_image_add_sa(image, &sa);
	explicit_bzero(&sa, sizeof(sa));
	return err == -EEXIST ? 0 : err;
}

/* The template of a policy or a question, when it is marked as ours. */
static bool read_template(const struct nlmsghdr *nlh, size_t head,
			  struct xfrm_user_tmpl *template)
{
	const struct nlattr *attr =
		find_attr(nlh, head, XFRMA_TMPL, sizeof(*template));

	if (!attr)
		return false;
	memcpy(template, mnl_attr_get_payload(attr), sizeof(*template));
	return traffic_of(template->reqid) != NULL;
}

static int read_sp(const struct nlmsghdr *nlh, struct mrkm_image *image)
{
	struct xfrm_userpolicy_info info;
	struct xfrm_user_tmpl template;
	struct mrkm_sp sp = { 0 };
	int err;

	if (!get_head(nlh, &info, sizeof(info)) ||
	    !read_template(nlh, sizeof(info), &template))
		return 0;
	sp.family = info.sel.family;
	sp.in = info.dir == XFRM_POLICY_IN;
	sp.ifindex = info.sel.ifindex;
	sp.ip_protocol = info.sel.proto;
	sp.prefix = info.sel.prefixlen_d;
	copy_address(&sp.destination, &info.sel.daddr, sp.family);
	sp.reqid = template.reqid;
	sp.block = info.action == XFRM_POLICY_BLOCK;
	sp.sa_protocol = sp.block ? 0 : template.id.proto;
	sp.spi = ntohl(template.id.spi);
	err = mrkm_image_add_sp(image, &sp);
	return err == -EEXIST ? 0 : err;
}

int mrkm_xfrm_read(const struct nlmsghdr *nlh, struct mrkm_image *image)
{
	switch (nlh->nlmsg_type) {
	case XFRM_MSG_NEWSA:
		return read_sa(nlh, image);
	case XFRM_MSG_NEWPOLICY:
	case XFRM_MSG_UPDPOLICY:
		return read_sp(nlh, image);
	default:
		return 0;
	}
}

bool mrkm_xfrm_read_acquire(const struct nlmsghdr *nlh,
			    struct mrkm_acquire *acquire)
{
	struct xfrm_user_acquire info;
	struct xfrm_user_tmpl template;

	if (nlh->nlmsg_type != XFRM_MSG_ACQUIRE ||
	    !get_head(nlh, &info, sizeof(info)) ||
	    !read_template(nlh, sizeof(info), &template))
		return false;
	acquire->family = info.sel.family;
	acquire->ifindex = info.sel.ifindex;
	acquire->reqid = template.reqid;
	copy_address(&acquire->destination, &info.id.daddr, acquire->family);
	acquire->id = info.seq;
	return true;
}
