-- For prometheus-node-exporter-lua: what `uwand metrics` tells, in the exporter's own format.
-- Label values stay as they are: they are escaped already, and the exporter does not do it.

local function scrape()
  local told = io.popen("/usr/sbin/uwand metrics 2>/dev/null")
  if not told then
    return
  end
  local families = {}
  for line in told:lines() do
    local name, labels, value = line:match("^([%w_]+){(.*)} (%S+)$")
    if not name then
      name, value = line:match("^([%w_]+) (%S+)$")
    end
    if name then
      if not families[name] then
        families[name] = metric(name, name:match("_total$") and "counter" or "gauge")
      end
      local set = {}
      -- A value ends at a quotation mark that no backslash stands before.
      for label, text in ((labels or ""):gsub("\\\\", "\1"):gsub('\\"', "\2")):gmatch('([%w_]+)="([^"]*)"') do
        set[label] = text:gsub("\2", '\\"'):gsub("\1", "\\\\")
      end
      families[name](next(set) and set or nil, value)
    end
  end
  told:close()
end

return { scrape = scrape }
