-- The Markdown of a report, as pandoc is to read it: what JupyterLab shows as a list,
-- a heading or a table is one, and what it shows as text is text.
--
-- Fragments are separated by NUL and read apart, so that a footnote or a link of one
-- does not reach another; a seam follows each. Of HTML, what print has is converted;
-- other elements are refused, as is LaTeX, which the page has not; what only looks like
-- HTML, as in a<b and c>d, is text.

-- Of pandoc's formats the nearest: each change costs 0.1 ms a fragment.
local FORMAT = "markdown_github"
  -- what JupyterLab shows as it is
  .. "-alerts-emoji-auto_identifiers-gfm_auto_identifiers"
  -- what a report has besides
  .. "+citations+fenced_code_attributes+header_attributes+raw_attribute"
  .. "+escaped_line_breaks+smart+startnum+tex_math_dollars"

local PRINTED = {
  b = pandoc.Strong, strong = pandoc.Strong, i = pandoc.Emph, em = pandoc.Emph,
  s = pandoc.Strikeout, del = pandoc.Strikeout, u = pandoc.Underline,
  sub = pandoc.Subscript, sup = pandoc.Superscript,
  code = function(inlines) return pandoc.Code(pandoc.utils.stringify(inlines)) end,
}

local REFUSED = {}
for name in ([[a abbr audio big blockquote button canvas center cite dd details div dl dt
  embed figcaption figure font form h1 h2 h3 h4 h5 h6 hr iframe img input kbd li link mark
  object ol p picture pre q samp script section small source span strike style summary
  svg table tbody td tfoot th thead tr tt ul var video]]):gmatch("%w+") do
  REFUSED[name] = true
end

local OWN = { page = "html", print = "latex" } -- what the report itself writes as raw

local number = 0 -- of the fragment that is read

local function refuse(reason)
  error("refused:" .. number .. ":" .. reason .. ":", 0)
end

local function is_html(element)
  return element.t:match("^Raw") and element.format == "html"
end

-- What raw text is that is not the begin of something printed: an element, or nothing.
local function alone(raw)
  local html = raw.text
  if not is_html(raw) then
    refuse("{=" .. raw.format .. "} cannot be both in print and on the page")
  end
  if html:match("^<!%-%-") then return nil end
  if html:match("^<br ?/?>$") then return pandoc.LineBreak() end
  local name = html:match("^</?(%w+)%s*/?>") or html:match("^<(%w+)%s[^<>]*=")
  if name and REFUSED[name:lower()] then
    refuse("HTML's <" .. name .. "> cannot be printed, only b, br, code, del, em, i, s, "
      .. "strong, sub, sup and u")
  end
  return pandoc.Str(html)
end

local function convert(inlines)
  local done, at = pandoc.Inlines {}, 1
  while at <= #inlines do
    local here, last = inlines[at], nil
    local name = is_html(here) and here.text:match("^<(%w+)>$")
    if PRINTED[name] then
      for k = at + 1, #inlines do
        if is_html(inlines[k]) and inlines[k].text == "</" .. name .. ">" then
          last = k
          break
        end
      end
    end
    if last then
      local inner = pandoc.Inlines {}
      for k = at + 1, last - 1 do inner:insert(inlines[k]) end
      done:insert(PRINTED[name](convert(inner)))
      at = last
    elseif here.t == "RawInline" and OWN[here.format] then
      done:insert(pandoc.RawInline(OWN[here.format], here.text))
    elseif here.t == "RawInline" then
      done:extend { alone(here) }
    else
      done:insert(here)
    end
    at = at + 1
  end
  return done
end

local function convert_block(block)
  local element = alone(block)
  return element and pandoc.Para { element } or {}
end

-- Refuse what would come out as something else than was meant, such as a formula without
-- its end: it is text, and there are its signs beside those of formulas that are whole.
local function validate(read, text)
  local rest = (" " .. text):gsub("%$%$(.-)%$%$", function(formula)
    return not formula:find("\n%s*\n") and ""
  end)
  if rest:find("[^\\]%$%$") or rest:find("\\begin{") then
    read:walk {
      Str = function(str)
        if str.text:find("%$%$") or str.text:find("\\begin{") then
          refuse("mathematics is left open")
        end
      end,
    }
  end
  local function comment(math)
    if (" " .. math.text):find("[^\\]%%") then
      refuse("in mathematics, % begins a comment that nobody sees; write \\%")
    end
  end
  if text:find("%%") then read:walk { Math = comment } end
  local function code(element)
    if element.text:find("`{=print}", 1, true) then
      refuse("a block of Markdown is left open")
    end
  end
  local function equation(element)
    element:walk {
      RawInline = function(raw)
        if raw.text:find("^\\numbered{") then
          refuse("an equation in a note or in a table has no number")
        end
      end,
    }
  end
  local function picture() refuse("a picture is shown by report.figure") end
  if text:find("{=print}", 1, true) or text:find("![", 1, true) then
    read:walk { Code = code, CodeBlock = code, Image = picture }
    read:walk { Note = equation, Table = equation }
  end
end

-- Tell whether what follows a name in brackets is the address of a link, or a comment.
local function is_address(name, rest, text)
  local used = "%[" .. name:lower():gsub("%p", "%%%0") .. "%][^:]"
  return (rest .. " "):find("^[#<]>?%s")
    or not name:find("^%^") and (text .. "\n"):lower():find(used)
    and (rest:find("^%S+$") or rest:find("^%S+%s+[\"'(]") or rest:find("^<[^<>]+>"))
end

-- Count the cells of a row of a table: a bar in code or in a formula is no border.
local function cells(row)
  row = row:gsub("\\.", ""):gsub("`[^`]*`", ""):gsub("%$[^$]*%$", "")
  local _, bars = row:gsub("^[%s>]*|", ""):gsub("|%s*$", ""):gsub("|", "")
  return bars + 1
end

-- What pandoc wants: a blank line before a table and a note, an end of every block of
-- code, a point after the numbers of a list, also where there is a parenthesis, and a
-- sign that text such as "[Note]: this is all" is no address, which would not be shown.
local function complete(text)
  local lines, fence, listed, columns = {}, nil, false, nil
  for line in (text .. "\n"):gmatch("(.-)\n") do
    local mark = line:match("^ ? ? ?(```+)[^`]*$") or line:match("^ ? ? ?(~~~+)")
    if mark and not fence then
      fence = mark
      -- Of what follows, pandoc knows a language and attributes.
      line = line:match("^%s*[`~]+%s*{[.=#].*") or line:match("^%s*[`~]+%s*[%w+-]*")
    elseif mark and mark:sub(1, #fence) == fence then
      fence = nil
    end
    local indent, number, rest = line:match("^(%s*)(%d+)%)(%s.*)")
    if number and not fence and (listed or #indent < 4)
      and (listed or number == "1" or not (lines[#lines] or ""):find("%S")) then
      line, listed = indent .. number .. "." .. rest, true
    elseif line:find("^%S") then
      listed = false
    end
    local before, label, rest = line:match("^([%s>%d.)*+-]*)%[([^%]]+)%]:%s*(.-)%s*$")
    if label and not fence and not before:find("^%s%s%s%s+$") then
      if label:find("^%^%S+$") then -- of a note
        if before:find("^%s*$") then lines[#lines + 1] = "" end
      elseif not is_address(label, rest, text) then
        line = before .. "\\" .. line:sub(#before + 1)
      end
    end
    local is_rule = line:match("^[%s>:|-]+$") and line:find("|") and line:find("-")
      and not fence and (lines[#lines] or ""):find("|")
    if is_rule and #lines > 1 and not line:find(">")
      and lines[#lines - 1]:match("%S") and not lines[#lines - 1]:find("^%s*|") then
      table.insert(lines, #lines, "")
    end
    columns = not fence and line:find("[^%s>]") and (is_rule and cells(line) or columns)
    if columns and (cells(line) > columns or is_rule and cells(lines[#lines]) > columns) then
      refuse("a row of a table has more cells than its line of dashes")
    end
    lines[#lines + 1] = line
  end
  lines[#lines + 1] = fence
  return table.concat(lines, "\n")
end

function Reader(sources)
  local blocks, all = pandoc.Blocks {}, { pandoc.Citation("*", "NormalCitation") }
  for text in (tostring(sources) .. "\0"):gmatch("(.-)\0") do
    local read = pandoc.read(complete(text), FORMAT)
    validate(read, text)
    if text:find("<") or text:find("{%s*=") then -- it may have HTML
      read = read:walk { Inlines = convert, RawBlock = convert_block }
    end
    if text:find("@") then read:walk { Cite = function() all = {} end } end
    blocks:extend(read.blocks)
    blocks:insert(pandoc.RawBlock("latex", "%%seam%%"))
    blocks:insert(pandoc.RawBlock("html", "<!--seam-->"))
    number = number + 1
  end
  return pandoc.Pandoc(blocks, { nocite = { pandoc.Cite({}, all) } }) -- all works, or none
end
