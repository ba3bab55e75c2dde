-- SPDX-License-Identifier: GPL-2.0-or-later
--
-- Wireshark: G-IKEv2 (RFC 9838), and the private protocols of frr-mrkm in it.
--
-- Wireshark's own dissector takes a message of IKEv2 apart and decrypts it; the
-- payloads and exchanges of G-IKEv2 it shows as octets.  This one comes after it
-- and adds a tree of its own, "G-IKEv2", to what was decrypted.
--
-- doc/developer/wireshark.rst tells how to install it and where keys come from.

local gikev2 = Proto("gikev2", "Group Key Management using IKEv2")

-- ---------------------------------------------------------------- code points

local SA, NOTIFY, DELETE, SK, IDG, GSA, KD, SKF = 33, 41, 42, 46, 50, 51, 52, 53

local exchanges = {
	[39] = "GSA_AUTH", [40] = "GSA_REGISTRATION", [41] = "GSA_REKEY",
	[42] = "GSA_INBAND_REKEY",
}

local payload_names = {
	[33] = "SAg", [35] = "IDi", [36] = "IDr", [37] = "CERT", [38] = "CERTREQ",
	[39] = "AUTH", [41] = "N", [42] = "D", [43] = "V", [50] = "IDg", [51] = "GSA",
	[52] = "KD",
}

local protocols = {
	[0] = "group-wide", [1] = "IKE", [2] = "AH", [3] = "ESP", [6] = "GIKE_UPDATE",
	[201] = "GSA_PROTO_OSPFv2", [202] = "GSA_PROTO_OSPFv3", [203] = "GSA_PROTO_PIM",
	[204] = "GSA_PROTO_OSPFv3_AT", [205] = "GSA_PROTO_RIPv2",
}

local id_types = {
	[1] = "ID_IPV4_ADDR", [2] = "ID_FQDN", [3] = "ID_RFC822_ADDR", [5] = "ID_IPV6_ADDR",
	[9] = "ID_DER_ASN1_DN", [10] = "ID_DER_ASN1_GN", [11] = "ID_KEY_ID",
}

local auth_algos = {
	[1] = "Keyed-MD5", [2] = "HMAC-SHA-1", [3] = "HMAC-SHA-256", [4] = "HMAC-SHA-384",
	[5] = "HMAC-SHA-512",
}

local INTEG = 3

local transform_types = {
	[1] = "ENCR", [3] = "INTEG", [5] = "SN", [13] = "KWA", [14] = "GCAUTH",
}

local transform_ids = {
	[1] = {
		[11] = "NULL", [12] = "AES_CBC", [20] = "AES_GCM_16", [21] = "NULL_AUTH_AES_GMAC",
		[28] = "CHACHA20_POLY1305",
	},
	[3] = {
		[0] = "NONE", [2] = "HMAC_SHA1_96", [12] = "HMAC_SHA2_256_128",
		[13] = "HMAC_SHA2_384_192", [14] = "HMAC_SHA2_512_256",
	},
	[5] = {
		[0] = "32-bit Sequential", [1] = "Partially Transmitted 64-bit Sequential",
		[2] = "32-bit Unspecified",
	},
	[13] = {
		[1] = "KW_5649_128", [2] = "KW_5649_192", [3] = "KW_5649_256", [4] = "KW_ARX",
	},
	[14] = { [1] = "Implicit", [2] = "Digital Signature" },
}
-- INTEG, from the private range: 1024 and an Auth algo
for algo, name in pairs(auth_algos) do
	transform_ids[INTEG][1024 + algo] = name
end

-- beginnings of AlgorithmIdentifiers, in hex
local signature_algorithms = {
	["300506032b6570"] = "Ed25519",
	["300506032b6571"] = "Ed448",
	["300a06082a8648ce3d040302"] = "ECDSA with SHA-256",
	["300a06082a8648ce3d040303"] = "ECDSA with SHA-384",
	["300a06082a8648ce3d040304"] = "ECDSA with SHA-512",
}
local RSASSA_PSS = "06092a864886f70d01010a"

local notifies = {
	[7] = "INVALID_SYNTAX", [14] = "NO_PROPOSAL_CHOSEN", [24] = "AUTHENTICATION_FAILED",
	[45] = "INVALID_GROUP_ID", [46] = "AUTHORIZATION_FAILED", [49] = "REGISTRATION_FAILED",
	[16384] = "INITIAL_CONTACT", [16387] = "IPCOMP_SUPPORTED", [16391] = "USE_TRANSPORT_MODE",
	[16429] = "GROUP_SENDER", [16442] = "USE_AGGFRAG",
}
local GROUP_SENDER = 16429

-- --------------------------------------------------------------------- fields

local f = {
	exchange = ProtoField.uint8("gikev2.exchange", "Exchange", base.DEC, exchanges),
	payload = ProtoField.uint8("gikev2.payload", "Payload", base.DEC, payload_names),

	id_type = ProtoField.uint8("gikev2.group.type", "ID Type", base.DEC, id_types),
	id = ProtoField.string("gikev2.group", "Group"),

	proposal = ProtoField.uint8("gikev2.proposal", "Proposal"),
	protocol = ProtoField.uint8("gikev2.protocol", "Protocol", base.DEC, protocols),
	transform = ProtoField.uint8("gikev2.transform.type", "Transform", base.DEC,
		transform_types),
	transform_id = ProtoField.uint16("gikev2.transform.id", "Transform ID"),
	key_length = ProtoField.uint16("gikev2.transform.key_length", "Key Length"),
	signature = ProtoField.bytes("gikev2.transform.signature_algorithm",
		"Signature Algorithm Identifier"),

	policy = ProtoField.uint8("gikev2.policy", "Policy", base.DEC, protocols),
	spi = ProtoField.bytes("gikev2.spi", "SPI"),
	key_id = ProtoField.uint8("gikev2.key_id", "Key ID"),
	sa_id = ProtoField.uint16("gikev2.sa_id", "SA ID"),
	auth_algo = ProtoField.uint16("gikev2.auth_algo", "Auth algo", base.DEC, auth_algos),
	body = ProtoField.bytes("gikev2.policy.body", "Body"),

	ts_type = ProtoField.uint8("gikev2.ts.type", "TS Type", base.DEC,
		{ [7] = "TS_IPV4_ADDR_RANGE", [8] = "TS_IPV6_ADDR_RANGE" }),
	ts_protocol = ProtoField.uint8("gikev2.ts.protocol", "IP Protocol"),
	ts_start = ProtoField.uint16("gikev2.ts.start_port", "Start Port"),
	ts_end = ProtoField.uint16("gikev2.ts.end_port", "End Port"),
	ts_ipv4 = ProtoField.ipv4("gikev2.ts.ipv4", "Address"),
	ts_ipv6 = ProtoField.ipv6("gikev2.ts.ipv6", "Address"),

	attribute = ProtoField.uint16("gikev2.attribute", "Attribute"),
	value = ProtoField.bytes("gikev2.attribute.value", "Value"),
	lifetime = ProtoField.uint32("gikev2.key_lifetime", "GSA_KEY_LIFETIME"),
	message_id = ProtoField.uint32("gikev2.initial_message_id", "GSA_INITIAL_MESSAGE_ID"),
	next_spi = ProtoField.bytes("gikev2.next_spi", "GSA_NEXT_SPI"),
	sender = ProtoField.bytes("gikev2.sender", "GSA_SENDER"),
	atd = ProtoField.uint16("gikev2.atd", "GWP_ATD"),
	dtd = ProtoField.uint16("gikev2.dtd", "GWP_DTD"),
	sender_id_bits = ProtoField.uint16("gikev2.sender_id_bits", "GWP_SENDER_ID_BITS"),

	bag = ProtoField.uint8("gikev2.bag", "Key bag", base.DEC, protocols),
	sa_key = ProtoField.none("gikev2.sa_key", "SA_KEY"),
	wrap_key = ProtoField.none("gikev2.wrap_key", "WRAP_KEY"),
	wrapped_id = ProtoField.uint32("gikev2.wrapped.id", "Key ID"),
	wrapped_by = ProtoField.uint32("gikev2.wrapped.kwk_id", "KWK ID"),
	wrapped = ProtoField.bytes("gikev2.wrapped", "Wrapped key"),
	auth_key = ProtoField.bytes("gikev2.auth_key", "AUTH_KEY"),
	sender_id = ProtoField.bytes("gikev2.sender_id", "GM_SENDER_ID"),

	notify = ProtoField.uint16("gikev2.notify", "Notify Message Type", base.DEC, notifies),
	group_sender = ProtoField.uint32("gikev2.group_sender", "Sender-IDs wanted"),
	notify_data = ProtoField.bytes("gikev2.notify.data", "Data"),

	delete_count = ProtoField.uint16("gikev2.delete.count", "Num of SPIs"),
	delete_spi = ProtoField.bytes("gikev2.delete.spi", "SPI"),
}
gikev2.fields = f

local malformed = ProtoExpert.new("gikev2.malformed", "Malformed", expert.group.MALFORMED,
	expert.severity.ERROR)
local undecrypted = ProtoExpert.new("gikev2.undecrypted", "Not decrypted",
	expert.group.DECRYPTION, expert.severity.NOTE)
gikev2.experts = { malformed, undecrypted }

-- what Wireshark's own dissector found
local header_exchange = Field.new("isakmp.exchangetype")
local header_flags = Field.new("isakmp.flags")
local header_id = Field.new("isakmp.messageid")
local payload_types = Field.new("isakmp.typepayload")
local contained_data = Field.new("isakmp.enc.contained")
local decrypted_data = Field.new("isakmp.enc.decrypted")
local fragment_number = Field.new("isakmp.frag.number")
local fragments = Field.new("isakmp.fragments")

-- --------------------------------------------------------------------- octets
--
-- Everything below reads octets `at` to `stop` (not included) of a Tvb, and never
-- beyond: a message that does not keep to its lengths gets an expert info.

local function complain(tree, text)
	tree:add_proto_expert_info(malformed, text)
end

-- Are there that many octets?
local function enough(tree, at, stop, need, what)
	if stop - at >= need then
		return true
	end
	complain(tree, string.format("%s: %d octets where %d are needed", what, stop - at, need))
	return false
end

local function name_of(names, value)
	return names and names[value] or string.format("unknown (%d)", value)
end

local function add_octets(tree, field, tvb, at, stop)
	if stop > at then
		tree:add(field, tvb(at, stop - at))
	end
end

-- One element with a length of two octets in it: where it ends, or nil.
local function element_end(tree, tvb, at, stop, minimum, what)
	local length

	if not enough(tree, at, stop, minimum, what) then
		return nil
	end
	length = tvb(at + 2, 2):uint()
	if length < minimum or length > stop - at then
		complain(tree, string.format("%s: length %d does not fit", what, length))
		return nil
	end
	return at + length
end

-- Reads them all up to the end: add(tree, tvb, at, stop) for each.
local function elements(minimum, what, add)
	return function(tree, tvb, at, stop)
		while at and at < stop do
			local next_at = element_end(tree, tvb, at, stop, minimum, what)

			if next_at then
				add(tree, tvb, at, next_at)
			end
			at = next_at
		end
	end
end

-- ----------------------------------------------------------------- attributes

-- In both formats the value is what is between `value` and `stop`; kinds[type] adds
-- it to the tree.
local function attributes(tree, tvb, at, stop, kinds)
	while at < stop do
		local kind, value, next_at

		if not enough(tree, at, stop, 4, "attribute") then
			return
		end
		kind = tvb(at, 2):bitfield(1, 15)
		if tvb(at, 1):bitfield(0, 1) == 1 then
			value, next_at = at + 2, at + 4
		else
			value = at + 4
			next_at = value + tvb(at + 2, 2):uint()
		end
		if next_at > stop then
			complain(tree, string.format("attribute %d is longer than its parent", kind))
			return
		end
		if kinds[kind] then
			kinds[kind](tree, tvb, value, next_at)
		else
			local unknown = tree:add(f.attribute, tvb(at, next_at - at), kind)

			unknown:append_text(" (unknown)")
			add_octets(unknown, f.value, tvb, value, next_at)
		end
		at = next_at
	end
end

-- A value of `size` octets, or of any size.
local function value_of(field, size, unit)
	return function(tree, tvb, at, stop)
		if size and stop - at ~= size or stop == at then
			complain(tree, string.format("attribute with a value of %d octets", stop - at))
			return
		end
		tree:add(field, tvb(at, stop - at)):append_text(unit or "")
	end
end

local function wrapped_key(field)
	return function(tree, tvb, at, stop)
		local sub

		if not enough(tree, at, stop, 8, "wrapped key") then
			return
		end
		sub = tree:add(field, tvb(at, stop - at))
		sub:append_text(string.format(": key %d wrapped by key %d",
			tvb(at, 4):uint(), tvb(at + 4, 4):uint()))
		sub:add(f.wrapped_id, tvb(at, 4))
		sub:add(f.wrapped_by, tvb(at + 4, 4))
		add_octets(sub, f.wrapped, tvb, at + 8, stop)
	end
end

local function signature_algorithm(tree, tvb, at, stop)
	local hex, name

	if not enough(tree, at, stop, 1, "AlgorithmIdentifier") then
		return
	end
	hex = tvb(at, stop - at):bytes():tohex(true)
	name = signature_algorithms[hex]
	if not name and hex:find(RSASSA_PSS, 1, true) then
		name = "RSASSA-PSS"
	end
	tree:add(f.signature, tvb(at, stop - at)):append_text(string.format(" (%s)", name or "unknown"))
end

local transform_attributes = {
	[14] = value_of(f.key_length, 2, " bits"),
	[18] = signature_algorithm,
}
local gsa_attributes = {
	[1] = value_of(f.lifetime, 4, " s"),
	[2] = value_of(f.message_id, 4),
	[3] = value_of(f.next_spi),
	[16384] = value_of(f.sender, 8),
}
local group_wide_attributes = {
	[1] = value_of(f.atd, 2, " s"),
	[2] = value_of(f.dtd, 2, " s"),
	[3] = value_of(f.sender_id_bits, 2),
}
local group_bag_attributes = {
	[1] = wrapped_key(f.sa_key),
}
local member_bag_attributes = {
	[1] = wrapped_key(f.wrap_key),
	[2] = value_of(f.auth_key),
	[3] = value_of(f.sender_id),
}

-- ------------------------------------------------------- SAg, GSA: transforms

local function spi(tree, tvb, at, stop, size)
	if not enough(tree, at, stop, size, "SPI") then
		return nil
	end
	add_octets(tree, f.spi, tvb, at, at + size)
	if size > 0 then
		tree:append_text(", SPI " .. tvb(at, size):bytes():tohex(true))
	end
	return at + size
end

-- One transform; where the next one begins, or nil after the last one.
local function transform(tree, tvb, at, stop)
	local next_at = element_end(tree, tvb, at, stop, 8, "transform")
	local kind, id, sub

	if not next_at then
		return nil, nil
	end
	kind, id = tvb(at + 4, 1):uint(), tvb(at + 6, 2):uint()
	sub = tree:add(f.transform, tvb(at, next_at - at), kind)
	sub:set_text(string.format("%s: %s", name_of(transform_types, kind),
		transform_ids[kind] and name_of(transform_ids[kind], id) or tostring(id)))
	sub:add(f.transform_id, tvb(at + 6, 2))
	attributes(sub, tvb, at + 8, next_at, transform_attributes)
	return next_at, tvb(at, 1):uint() ~= 0
end

-- A chain of them: where it ends, or nil.
local function transforms(tree, tvb, at, stop)
	local more = true

	while at and more do
		at, more = transform(tree, tvb, at, stop)
	end
	return at
end

local function proposal(tree, tvb, at, stop)
	local number, protocol, rest = tvb(at + 4, 1):uint(), tvb(at + 5, 1):uint()
	local sub = tree:add(f.proposal, tvb(at, stop - at), number)

	sub:set_text(string.format("Proposal %d: %s", number, name_of(protocols, protocol)))
	sub:add(f.protocol, tvb(at + 5, 1))
	rest = spi(sub, tvb, at + 8, stop, tvb(at + 6, 1):uint())
	if rest and tvb(at + 7, 1):uint() > 0 then
		transforms(sub, tvb, rest, stop)
	end
end

-- ------------------------------------------------------------------------ GSA

local function selector(tree, tvb, at, stop, what)
	local next_at = element_end(tree, tvb, at, stop, 16, what .. " Traffic Selector")
	local size, address, sub

	if not next_at then
		return nil
	end
	size = math.floor((next_at - at - 8) / 2)
	address = ({ [4] = f.ts_ipv4, [16] = f.ts_ipv6 })[size]
	sub = tree:add(f.ts_type, tvb(at, next_at - at), tvb(at, 1):uint())
	if not address then
		complain(sub, "addresses of neither IPv4 nor IPv6")
		return next_at
	end
	sub:set_text(string.format("%s: ", what))
	sub:add(f.ts_protocol, tvb(at + 1, 1))
	sub:add(f.ts_start, tvb(at + 4, 2))
	sub:add(f.ts_end, tvb(at + 6, 2))
	for i = 0, 1 do
		sub:add(address, tvb(at + 8 + i * size, size))
		sub:append_text((i == 0 and "" or " - ") ..
			tostring(size == 4 and tvb(at + 8 + i * size, size):ipv4() or
				tvb(at + 8 + i * size, size):ipv6()))
	end
	sub:append_text(string.format(", protocol %d, port %d - %d", tvb(at + 1, 1):uint(),
		tvb(at + 4, 2):uint(), tvb(at + 6, 2):uint()))
	return next_at
end

-- What follows the head of a policy, by its protocol; where the attributes
-- begin, or nil.
local bodies = {}

-- SPI, RESERVED if there is room, Auth algo(2)
local function algo_body(field, size, label)
	return function(tree, tvb, at, stop)
		if not enough(tree, at, stop, 4, "policy") then
			return nil
		end
		tree:add(field, tvb(at, size))
		tree:add(f.auth_algo, tvb(at + 2, 2))
		tree:append_text(string.format(", %s %d, %s", label, tvb(at, size):uint(),
			name_of(auth_algos, tvb(at + 2, 2):uint())))
		return at + 4
	end
end
bodies[201], bodies[205] = algo_body(f.key_id, 1, "Key ID"), algo_body(f.key_id, 1, "Key ID")
bodies[204] = algo_body(f.sa_id, 2, "SA ID")

-- OSPFv3, PIM: SPI, transforms
local function transforms_body(tree, tvb, at, stop, size)
	at = spi(tree, tvb, at, stop, size)
	return at and transforms(tree, tvb, at, stop)
end
bodies[202], bodies[203] = transforms_body, transforms_body

-- Rekey SA, AH, ESP: SPI, selectors, transforms
local function selectors_body(tree, tvb, at, stop, size)
	at = spi(tree, tvb, at, stop, size)
	at = at and selector(tree, tvb, at, stop, "Source")
	at = at and selector(tree, tvb, at, stop, "Destination")
	return at and transforms(tree, tvb, at, stop)
end
bodies[2], bodies[3], bodies[6] = selectors_body, selectors_body, selectors_body

local function policy(tree, tvb, at, stop)
	local protocol = tvb(at, 1):uint()
	local sub = tree:add(f.policy, tvb(at, stop - at), protocol)
	local rest

	sub:set_text("Policy: " .. name_of(protocols, protocol))
	if protocol == 0 then
		attributes(sub, tvb, at + 4, stop, group_wide_attributes)
	elseif bodies[protocol] then
		rest = bodies[protocol](sub, tvb, at + 4, stop, tvb(at + 1, 1):uint())
		if rest then
			attributes(sub, tvb, rest, stop, gsa_attributes)
		end
	else
		add_octets(sub, f.body, tvb, at + 4, stop)
	end
end

-- ------------------------------------------------------------------------- KD

local function bag(tree, tvb, at, stop)
	local protocol = tvb(at, 1):uint()
	local sub = tree:add(f.bag, tvb(at, stop - at), protocol)
	local rest

	if protocol == 0 then
		sub:set_text("Member key bag")
		attributes(sub, tvb, at + 4, stop, member_bag_attributes)
	else
		sub:set_text("Group key bag: " .. name_of(protocols, protocol))
		rest = spi(sub, tvb, at + 4, stop, tvb(at + 1, 1):uint())
		if rest then
			attributes(sub, tvb, rest, stop, group_bag_attributes)
		end
	end
end

-- ------------------------------------------------------------- other payloads

local function group_id(tree, tvb, at, stop)
	local kind, data, text

	if not enough(tree, at, stop, 5, "IDg") then
		return
	end
	kind, data = tvb(at, 1):uint(), tvb(at + 4, stop - at - 4)
	tree:add(f.id_type, tvb(at, 1))
	if kind == 1 and data:len() == 4 then
		text = tostring(data:ipv4())
	elseif kind == 5 and data:len() == 16 then
		text = tostring(data:ipv6())
	else
		text = data:string()
		if text:find("[^\32-\126]") then
			text = data:bytes():tohex(true)
		end
	end
	tree:add(f.id, data, text)
	tree:append_text(": " .. text)
end

local function notify(tree, tvb, at, stop)
	local kind, data

	if not enough(tree, at, stop, 4, "N") then
		return
	end
	kind, data = tvb(at + 2, 2):uint(), at + 4 + tvb(at + 1, 1):uint()
	tree:add(f.notify, tvb(at + 2, 2))
	tree:append_text(string.format("(%s)", notifies[kind] or tostring(kind)))
	if data > stop then
		complain(tree, "SPI is longer than its payload")
	elseif kind == GROUP_SENDER and stop - data == 4 then
		tree:add(f.group_sender, tvb(data, 4))
	else
		add_octets(tree, f.notify_data, tvb, data, stop)
	end
end

local function delete(tree, tvb, at, stop)
	local size, count

	if not enough(tree, at, stop, 4, "D") then
		return
	end
	size, count = tvb(at + 1, 1):uint(), tvb(at + 2, 2):uint()
	tree:add(f.protocol, tvb(at, 1))
	tree:add(f.delete_count, tvb(at + 2, 2))
	tree:append_text(": " .. name_of(protocols, tvb(at, 1):uint()))
	if size * count ~= stop - at - 4 then
		complain(tree, string.format("%d SPIs of %d octets in %d octets", count, size,
			stop - at - 4))
		return
	end
	for i = 0, size > 0 and count - 1 or -1 do
		local spi_range = tvb(at + 4 + i * size, size)

		tree:add(f.delete_spi, spi_range)
		tree:append_text(" " .. spi_range:bytes():tohex(true))
	end
end

local payloads = {
	[SA] = elements(8, "proposal", proposal),
	[IDG] = group_id,
	[NOTIFY] = notify,
	[DELETE] = delete,
	[GSA] = elements(4, "policy", policy),
	[KD] = elements(4, "key bag", bag),
}

-- ------------------------------------------------------------------- messages

-- All payloads, the first of which is of type `kind`; returns their names.
local function message(tree, tvb, kind)
	local at, stop, names = 0, tvb:len(), {}

	while kind ~= 0 do
		local next_at = element_end(tree, tvb, at, stop, 4, "payload")
		local name = payload_names[kind] or string.format("payload %d", kind)
		local sub

		if not next_at then
			return names
		end
		sub = tree:add(f.payload, tvb(at, next_at - at), kind)
		sub:set_text(name)
		if payloads[kind] then
			payloads[kind](sub, tvb, at + 4, next_at)
		end
		if kind == NOTIFY and next_at - at >= 8 then
			name = "N(" .. name_of(notifies, tvb(at + 6, 2):uint()) .. ")"
		end
		names[#names + 1] = name
		kind, at = tvb(at, 1):uint(), next_at
	end
	if at < stop then
		complain(tree, "octets behind the last payload")
	end
	return names
end

-- The type of the first payload inside: what Wireshark shows next after the
-- Encrypted payload.  A fragment that completes a message does not say it.
local function first_inside()
	local inside = false

	for _, info in ipairs({ payload_types() }) do
		if inside then
			return info.value
		end
		inside = info.value == SK or info.value == SKF
	end
	return 0
end

local function column(pinfo, exchange, names)
	local flags = header_flags() and header_flags().value or 0
	local text = string.format("%s MID=%02d %s %s", exchanges[exchange],
		header_id() and header_id().value or 0,
		math.floor(flags / 8) % 2 == 1 and "Initiator" or "Responder",
		math.floor(flags / 32) % 2 == 1 and "Response" or "Request")

	if names then
		text = text .. ": " .. (#names > 0 and table.concat(names, ", ") or "empty")
	end
	pinfo.cols.protocol:set("G-IKEv2")
	pinfo.cols.info:set(text)
end

function gikev2.dissector(frame, pinfo, root)
	local exchange, number = header_exchange(), fragment_number()
	-- what is in a fragment is of use only together with all the others
	local inside = number and fragments() or not number and contained_data()
	local tree, names

	if not exchange or not exchanges[exchange.value] then
		return
	end
	tree = root:add(gikev2, exchange.range)
	tree:append_text(": " .. exchanges[exchange.value])
	tree:add(f.exchange, exchange.range)
	if not decrypted_data() then
		tree:add_proto_expert_info(undecrypted,
			"no key of this SA is in the preferences of ISAKMP")
	elseif inside then
		names = message(tree, inside.range:tvb(), first_inside())
	elseif number then
		names = { string.format("fragment %d", number.value) }
	else
		names = {}
	end
	column(pinfo, exchange.value, names)
end

register_postdissector(gikev2)

-- the port of G-IKEv2 as frr-mrkm has it by default
DissectorTable.get("udp.port"):add(848, Dissector.get("isakmp"))
